import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A directory that is gone when the test has finished, with these files. */
export function policyDirectory(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-policies-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) putPolicy(directory, name, text)
  return directory
}

/** Writes one file below it, for its owner alone. */
export function putPolicy(directory: string, name: string, text: string): void {
  mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 })
  writeFileSync(join(directory, name), text, { mode: 0o600 })
}
