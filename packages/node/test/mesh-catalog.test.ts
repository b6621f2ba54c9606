import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { MESSAGE_LIMITS, type OpenStream, Provider } from '@warren/mcp'
import { NetworkError } from '@warren/network'
import { openStore } from '@warren/storage'
import { expect, onTestFinished, test } from 'vitest'
import { localStreamPair } from '../src/local-stream.ts'
import { MeshCatalog } from '../src/mesh-catalog.ts'
import { systemClock as clock } from '../src/system-clock.ts'

const MEMBER = 'did:webvh:QmA:warren.internal'
const logger = { log: (): void => {} }

/** A catalogue, and what decides how its member is reached the next time. */
function catalogue(): { readonly catalog: MeshCatalog; readonly fail: (error: Error) => void } {
  const directory = mkdtempSync(join(tmpdir(), 'warren-catalog-'))
  const store = openStore(join(directory, 'warren.db'))
  const provider = new Provider({
    servers: [{ transport: 'stdio', name: 'files', command: process.execPath, args: [] }],
    gate: { decide: () => Promise.resolve({ allowed: true, rule: 'test' }) },
    clock,
    logger,
  })
  let failure: Error | undefined
  const open: OpenStream = () => {
    if (failure !== undefined) return Promise.reject(failure)
    const [near, far] = localStreamPair()
    void provider.serve(far, { did: 'did:webvh:QmB:warren.internal' })
    return Promise.resolve(near)
  }
  const catalog = new MeshCatalog({
    streams: { to: () => open },
    random: suite,
    logger,
    report: () => {},
    aliases: store.aliases,
    messageLimits: MESSAGE_LIMITS,
  })
  onTestFinished(async () => {
    await catalog.stop()
    await provider.stop()
    store.close()
    rmSync(directory, { recursive: true })
  })
  return { catalog, fail: (error) => (failure = error) }
}

test.for([
  { code: 'calls-exhausted', peerCode: undefined, isKept: true },
  { code: 'call-ended-by-peer', peerCode: 'calls-exhausted', isKept: true },
  { code: 'call-ended-by-peer', peerCode: 'requests-exhausted', isKept: true },
  { code: 'call-ended-by-peer', peerCode: 'call-unhandled', isKept: false },
  { code: 'peer-lost', peerCode: undefined, isKept: false },
] as const)(
  'a member that cannot be asked because of $code $peerCode: what it offered is kept: $isKept',
  { tags: ['DMN-12'] },
  async ({ code, peerCode, isKept }) => {
    const { catalog, fail } = catalogue()
    await catalog.refresh(MEMBER)
    expect(catalog.servers()).toMatchObject([{ server: 'files' }])
    fail(new NetworkError(code, 'refused', peerCode === undefined ? undefined : { peerCode }))
    await catalog.refresh(MEMBER)
    expect(catalog.servers()).toHaveLength(isKept ? 1 : 0)
    catalog.forget(MEMBER)
    expect(catalog.servers()).toEqual([])
  },
)
