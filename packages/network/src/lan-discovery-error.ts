import { CodedError } from '@warren/core'

export type LanDiscoveryErrorCode =
  | 'lan-interfaces-unreadable'
  | 'lan-interfaces-many'
  | 'lan-socket-failed'
  | 'lan-send-failed'

/** LAN discovery does not work on an interface, or not at all. Never thrown: reported, because the node lives on. */
export class LanDiscoveryError extends CodedError<LanDiscoveryErrorCode> {
  override readonly name = 'LanDiscoveryError'
}
