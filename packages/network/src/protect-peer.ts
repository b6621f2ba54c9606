import type { PeerStore } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'

const TAG = 'warren-chosen'
/** The most that libp2p gives to a tag: where connections are too many, it ends those of the least value. */
const VALUE_MAX = 100

/** Keeps libp2p from ending the connection to this peer where there are too many; a new one has no stream yet and would be the first. */
export async function protectPeer(
  peerStore: Pick<PeerStore, 'merge'>,
  peerId: string,
): Promise<void> {
  await peerStore.merge(peerIdFromString(peerId), { tags: { [TAG]: { value: VALUE_MAX } } })
}
