import { openStore } from '@warren/storage'

const [path = '', name = ''] = process.argv.slice(2)
const store = openStore(path)
for (let fill = 0; fill < 20; fill += 1) {
  const secretHash = new Uint8Array(32).fill(fill)
  const { status } = store.invitations.redeem({ secretHash, did: `did:${name}`, nowMs: 1 })
  process.stdout.write(`${fill} ${status}\n`)
}
store.close()
