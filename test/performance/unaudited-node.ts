/**
 * A node whose calls are not written down, so that what that costs can be measured: `unaudited-node.ts <data directory>`.
 * No configuration and no command makes such a node; it is put together here.
 */
import { configuredPassphraseFile, startNode } from '@warren/node'
import { readPassphraseFile } from '@warren/node/client'

const [directory = ''] = process.argv.slice(2)
const file = configuredPassphraseFile(directory)
if (file === undefined) throw new Error('a node for a benchmark has its passphrase in a file')
const passphrase = await readPassphraseFile(file)
const node = await startNode({
  directory,
  passphrase,
  report: (event) => process.stderr.write(`${JSON.stringify(event)}\n`),
  callAudit: { decided: ({ answer }) => Promise.resolve(answer) },
})
const { promise, resolve } = Promise.withResolvers<void>()
process.once('SIGTERM', resolve)
await promise
await node.stop()
process.exit()
