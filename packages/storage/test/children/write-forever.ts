import { writeSync } from 'node:fs'
import { openStore } from '@warren/storage'

const [path = ''] = process.argv.slice(2)
const store = openStore(path)
for (let index = 0; ; index += 1) {
  store.charter.write(`charter ${index}`)
  store.peers.remember({ did: `did:${index}`, log: `log ${index}`, addresses: [], seenMs: index })
  store.invitations.redeem({ secretHash: new Uint8Array(32).fill(index), did: 'did:x', nowMs: 1 })
  // The acknowledgement goes out by itself, so that no buffer can run ahead of the disk.
  writeSync(1, `${index}\n`)
}
