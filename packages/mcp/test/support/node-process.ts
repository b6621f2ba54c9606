/** A node of its own for tests that kill it: starts one server with a helper and says their process ids. */
import { objectAt } from '@warren/mcp'
import { initialize } from './messages.ts'
import { MemoryHost, scriptServer, TestMesh } from './test-mesh.ts'

const mesh = new TestMesh({ servers: [scriptServer()] })
const host = new MemoryHost()
await mesh.session('script', host)
await initialize(host)
host.say({ jsonrpc: '2.0', id: 'pids', method: 'test/spawn' })
const { pids } = objectAt(await host.answerTo('pids'), 'result')
host.say({ jsonrpc: '2.0', id: 'deaf', method: 'test/ignore-signals' })
await host.answerTo('deaf')
process.stdout.write(`${JSON.stringify(pids)}\n`)
setInterval(() => {}, 1_000)
