import { readPassphrase } from '@warren/storage'
import { loadConfig } from './config/load-config.ts'
import { isInitialised, notInitialised } from './data-directory.ts'

/** Reads a passphrase from a file that only its owner may read. The caller wipes it. */
export function readPassphraseFile(file: string): Promise<Uint8Array> {
  return readPassphrase({ file })
}

/** Reads a passphrase from an open file descriptor. The caller wipes it. */
export function readPassphraseFd(fd: number): Promise<Uint8Array> {
  return readPassphrase({ fd })
}

/**
 * The file that warren.yaml names for the passphrase, where it names one.
 *
 * @throws NodeError `not-initialised`, ConfigError
 */
export function configuredPassphraseFile(directory: string): string | undefined {
  if (!isInitialised(directory)) throw notInitialised(directory)
  return loadConfig(directory).keys.passphraseFile
}
