import { type MeshStream, Provider } from '@warren/mcp'
import type { FreshnessState } from '@warren/membership'
import { expect, test } from 'vitest'
import { localStreamPair } from '../src/local-stream.ts'
import { MeshStreams } from '../src/mesh-streams.ts'
import { systemClock as clock } from '../src/system-clock.ts'

const SELF = { did: 'did:webvh:QmSelf:warren.internal' }
const OTHER = 'did:webvh:QmOther:warren.internal'
const KEPT = new Set(['kept'])

/** Streams of a node whose peers take every call, and to its own servers; `onOpening` happens while one is opened. */
function streamsOf(onOpening: () => void = () => {}) {
  const now: { state: FreshnessState } = { state: 'fresh' }
  const provider = new Provider({
    servers: [],
    gate: { decide: () => Promise.resolve({ allowed: true, rule: 'test' }) },
    clock,
    logger: { log: () => {} },
  })
  const streams = new MeshStreams({
    self: SELF,
    network: {
      openCall: () => {
        onOpening()
        return Promise.resolve(localStreamPair()[0])
      },
    },
    provider,
    freshness: (server) => (server === 'kept' ? 'fresh' : now.state),
  })
  const open = (did: string, server?: string): Promise<MeshStream> =>
    streams.to(did, server)(new AbortController().signal)
  return { streams, open, now }
}

test(
  'calls of servers of other members end, but for some, and what a node’s own hosts do here goes on',
  { tags: ['NODE-12', 'NODE-16'] },
  async () => {
    const { streams, open } = streamsOf()
    const [gone, kept, list, own] = [
      await open(OTHER, 'gone'),
      await open(OTHER, 'kept'),
      await open(OTHER),
      await open(SELF.did, 'gone'),
    ]
    streams.endBut(KEPT)
    expect(gone.signal.aborted).toBe(true)
    expect([kept, list, own].map(({ signal }) => signal.aborted)).toEqual([false, false, false])
  },
)

test(
  'a call that is opened while the knowledge comes to its last age ends with the others',
  { tags: ['NODE-12', 'NODE-16'] },
  async () => {
    const { open, now } = streamsOf(() => void (now.state = 'stop'))
    expect((await open(OTHER, 'gone')).signal.aborted).toBe(true)
    expect((await open(OTHER, 'kept')).signal.aborted).toBe(false)
    await expect(open(OTHER, 'gone')).rejects.toMatchObject({ code: 'knowledge-stale' })
  },
)
