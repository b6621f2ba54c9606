import { nodeSuite } from '@warren/crypto'
import { createNetwork, type Network } from '@warren/network'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Run as a process of its own: one node sends 200 MB to another that first stalls and then reads
 * slowly. Prints what the sender had pushed during the stall and how the memory rose.
 */
const TOTAL_BYTES = 200 * 1024 * 1024
const WARM_UP_BYTES = 64 * 1024 * 1024
const CHUNK_BYTES = 1024 * 1024
const STALL_MS = 300
const SAMPLE_EVERY_MS = 100
const PAUSE_EVERY_BYTES = 8 * CHUNK_BYTES

const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

async function node(did: string): Promise<Network> {
  const network = createNetwork({
    suite: nodeSuite,
    clock,
    privateIdentity: { ed25519: nodeSuite.ed25519.signer(), mlDsa44: nodeSuite.mlDsa44.signer() },
    meshId: 'zQmSlow',
    listen: ['/ip4/127.0.0.1/tcp/0'],
    staticPeers: [],
    discovery: { enabled: false },
    admission: {
      hello: () => Buffer.from(did),
      judge: async (hello) => ({ admitted: true, did: Buffer.from(hello).toString() }),
    },
    logger: { log: () => undefined },
  })
  await network.start()
  return network
}

let sentBytes = 0
let totalBytes = WARM_UP_BYTES
const [near, far] = await Promise.all([node('did:near'), node('did:far')])
far.onCall(async (stream) => {
  for await (const _ of stream.bytes) break
  const chunk = new Uint8Array(CHUNK_BYTES)
  for (; sentBytes < totalBytes; sentBytes += CHUNK_BYTES) await stream.write(chunk)
  await stream.end()
})
const signal = AbortSignal.timeout(60_000)
await near.dial(far.addresses()[0] ?? '', signal)
// One round without stalling, so that what is measured is not the warming up.
await transfer(async () => undefined)
if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
globalThis.gc()
const before = process.memoryUsage()
let peakRss = before.rss
// What is held, not what waits to be collected: that depends on when the collector runs.
const sampling = setInterval(() => {
  globalThis.gc?.()
  peakRss = Math.max(peakRss, process.memoryUsage.rss())
}, SAMPLE_EVERY_MS)
sentBytes = 0
totalBytes = TOTAL_BYTES
let sentInStall = 0
let receivedBytes = 0
await transfer(async (bytes) => {
  if (receivedBytes === 0) {
    await delay(STALL_MS)
    sentInStall = sentBytes
  }
  const passed = Math.floor((receivedBytes + bytes) / PAUSE_EVERY_BYTES)
  if (passed > Math.floor(receivedBytes / PAUSE_EVERY_BYTES)) await delay(5)
  receivedBytes += bytes
})
clearInterval(sampling)
process.stdout.write(
  JSON.stringify({
    receivedBytes,
    sentInStall,
    rssRise: peakRss - before.rss,
  }),
)
await Promise.all([near.stop(), far.stop()])

async function transfer(onChunk: (bytes: number) => Promise<void>): Promise<void> {
  const call = await near.openCall('did:far', signal)
  await call.write(Uint8Array.of(1))
  await call.end()
  for await (const chunk of call.bytes) await onChunk(chunk.byteLength)
}
