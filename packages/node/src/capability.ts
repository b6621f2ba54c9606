/**
 * What the commands on capabilities need: files, keys and words. Nothing of the network is loaded for it.
 *
 * Does I/O. Specified in docs/specs/capability.md.
 *
 * @packageDocumentation
 */
export { type CapabilityView, capabilityWords, viewChain } from './capability/capability-words.ts'
export {
  type CapabilityGrant,
  prepareGrant,
  type PreparedGrant,
  readChainFile,
} from './capability/grant-capability.ts'
export {
  type Accepted,
  acceptFile,
  keptCapabilities,
  type KeptCapabilities,
  prepareRevocation,
  type PreparedRevocation,
} from './capability/keep-capability.ts'
export { configuredPassphraseFile } from './passphrase-source.ts'
