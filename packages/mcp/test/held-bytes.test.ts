import { type Caller, LineReader, type MeshStream } from '@warren/mcp'
import { afterEach, describe, expect, test } from 'vitest'
import { HeldBytes, UNCOUNTED_BYTES } from '../src/provider/held-bytes.ts'
import { META } from './support/messages.ts'
import { CALLER, eventually, scriptServer, TestMesh } from './support/test-mesh.ts'

const OTHER: Caller = { did: 'did:webvh:QmOther:warren.internal' }
const LIMIT = 100_000
/** As many bytes as one caller may hold on one stream. */
const MOST = UNCOUNTED_BYTES + LIMIT
const REFUSAL = ['failed', { code: 'bytes-exhausted' }]

const meshes: TestMesh[] = []
afterEach(() => Promise.all(meshes.splice(0).map(({ provider }) => provider.stop())))

function meshOf(limits: { heldBytesPerCallerMax?: number; heldBytesMax?: number }): TestMesh {
  const mesh = new TestMesh({ servers: [scriptServer()], limits })
  meshes.push(mesh)
  return mesh
}

interface Begun {
  readonly stream: MeshStream
  readonly write: (text: string) => Promise<void>
  readonly next: () => Promise<unknown>
}

async function begun(mesh: TestMesh, caller: Caller = CALLER): Promise<Begun> {
  const stream = await mesh.as(caller)()
  const lines = new LineReader(stream.bytes)
  const write = (text: string): Promise<void> => stream.write(Buffer.from(text))
  const next = async (): Promise<unknown> => {
    const line = await lines.next(1_000_000)
    return line === undefined ? undefined : JSON.parse(Buffer.from(line).toString())
  }
  await write('{"v":1,"kind":"request","server":"script","after":0}\n')
  return { stream, write, next }
}

/** A request of that many bytes, with its newline. */
function request(bytes: number, method = 'test/echo'): string {
  const message = { jsonrpc: '2.0', id: 1, method, params: { _meta: META, fill: '' } }
  const fill = 'x'.repeat(bytes - 1 - JSON.stringify(message).length)
  return `${JSON.stringify({ ...message, params: { _meta: META, fill } })}\n`
}

describe('what messages of one caller hold', { tags: ['MCP-58', 'THR-21'] }, () => {
  test.for([
    { bytes: MOST - 1, refused: false },
    { bytes: MOST, refused: false },
    { bytes: MOST + 1, refused: true },
  ])('$bytes bytes: refused is $refused', ({ bytes, refused }) => {
    const account = new HeldBytes({ heldBytesPerCallerMax: LIMIT, heldBytesMax: 1e9 }).open('a')
    const hold = (): void => account.holds(bytes)
    if (refused) expect(hold).toThrow(expect.objectContaining({ code: 'bytes-exhausted' }))
    else expect(hold).not.toThrow()
  })

  test('is counted over all of its streams, and given back', () => {
    const held = new HeldBytes({ heldBytesPerCallerMax: LIMIT, heldBytesMax: 1.5 * LIMIT })
    const [first, second, other] = [held.open('a'), held.open('a'), held.open('b')]
    first.holds(MOST)
    second.holds(UNCOUNTED_BYTES)
    expect(() => second.holds(UNCOUNTED_BYTES + 1)).toThrow(/of this caller/)
    other.holds(UNCOUNTED_BYTES + LIMIT / 2)
    expect(() => other.holds(UNCOUNTED_BYTES + LIMIT / 2 + 1)).toThrow(/of all callers/)
    first.holds(UNCOUNTED_BYTES + LIMIT - 1)
    second.holds(UNCOUNTED_BYTES + 1)
    first.holds(0)
    second.holds(MOST)
  })
})

describe('a caller at the provider', { tags: ['MCP-58', 'THR-21'] }, () => {
  test('that sends lines without end on many streams is refused', async () => {
    const mesh = meshOf({ heldBytesPerCallerMax: LIMIT })
    const first = await begun(mesh)
    await first.write('x'.repeat(MOST))
    const second = await begun(mesh)
    await second.write('x'.repeat(UNCOUNTED_BYTES + 1))
    expect(await second.next()).toMatchObject(REFUSAL)

    first.stream.abort(new Error('given up'))
    await eventually(() => mesh.provider.status().streams <= 1)
    const third = await begun(mesh)
    await third.write(request(MOST))
    expect(await third.next()).toMatchObject({ result: {} })
  })

  test('holds a request for as long as it is not answered', async () => {
    const mesh = meshOf({ heldBytesPerCallerMax: LIMIT })
    const waiting = await begun(mesh)
    await waiting.write(request(MOST, 'test/hang'))
    await eventually(() => mesh.provider.status().shared === 1)
    const second = await begun(mesh)
    await second.write(request(UNCOUNTED_BYTES + 1))
    expect(await second.next()).toMatchObject(REFUSAL)
    const small = await begun(mesh)
    await small.write(request(UNCOUNTED_BYTES))
    expect(await small.next()).toMatchObject({ result: {} })
  })

  test('that uses up what there is for all leaves ordinary calls alone', async () => {
    const mesh = meshOf({ heldBytesMax: LIMIT })
    const greedy = await begun(mesh)
    await greedy.write('x'.repeat(MOST))
    const large = await begun(mesh, OTHER)
    await large.write(request(UNCOUNTED_BYTES + 1))
    expect(await large.next()).toMatchObject(REFUSAL)
    const small = await begun(mesh, OTHER)
    await small.write(request(1_000))
    expect(await small.next()).toMatchObject({ result: {} })
  })

  test('may say more in one session than it may hold at one time', async () => {
    const mesh = meshOf({ heldBytesPerCallerMax: LIMIT })
    const stream = await begun(mesh)
    const session = await mesh.as(CALLER)()
    const lines = new LineReader(session.bytes)
    const opening = { v: 1, kind: 'session', server: 'script', session: 'a'.repeat(22) }
    await session.write(Buffer.from(`${JSON.stringify(opening)}\n`))
    const note = JSON.stringify({
      jsonrpc: '2.0',
      method: 'x',
      params: { fill: 'x'.repeat(LIMIT) },
    })
    for (let index = 0; index < 5; index += 1) await session.write(Buffer.from(`${note}\n`))
    await session.end()
    const heard = []
    for (let line = await lines.next(10_000); line; line = await lines.next(10_000)) {
      heard.push(JSON.parse(Buffer.from(line).toString()))
    }
    expect(heard).toMatchObject([
      ['ok', {}],
      ['end', { code: 'session-ended' }],
    ])
    stream.stream.abort(new Error('done'))
  })
})
