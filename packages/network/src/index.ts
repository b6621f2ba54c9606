/**
 * The mesh on the wire: hybrid channels over libp2p, admission before anything else, and a stream with keys of its own for each call.
 *
 * Does I/O. Specified in docs/specs/network.md.
 *
 * @packageDocumentation
 */
export { ChannelBindings, type ChannelBinding } from './channel-binding.ts'
export { HybridEncrypter, type HybridEncrypterInit } from './hybrid-encrypter.ts'
export { NetworkError, type NetworkErrorCode } from './network-error.ts'
export { NETWORK_LIMITS, type NetworkLimits } from './network-limits.ts'
export type { NetworkLogger } from './network-logger.ts'
export { sendAll } from './send-all.ts'
export { readAll, StreamReader } from './stream-reader.ts'
