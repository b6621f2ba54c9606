import type { Network } from '@warren/network'
import type { AdmissionDesk } from './admission-desk.ts'

/** Cuts off the connected members whose membership has run out since they were admitted, which is asked once for a connection. */
export function dropExpired(network: Network, admission: AdmissionDesk): void {
  for (const did of network.members()) {
    if (admission.memberOf(did) === undefined) network.drop(did, 'membership-expired')
  }
}
