import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import type { JsonValue } from '@warren/core'
import { nodeSuite } from '@warren/crypto'
import { expect, onTestFinished, test } from 'vitest'
import { askNode, openMcpPipe } from '../src/control/control-client.ts'
import { controlPath } from '../src/control/control-path.ts'
import type { ControlRequest } from '../src/control/control-protocol.ts'
import { type ControlLimits, ControlServer } from '../src/control/control-server.ts'
import { NodeError } from '../src/node-error.ts'

const BIG_BYTES = 4 * 1024 * 1024

/** A node behind the socket: answers the name of what was asked, and what goes wrong on request. */
class Listening {
  readonly directory: string
  readonly path: string
  readonly server: ControlServer
  readonly asked: string[] = []
  readonly defects: unknown[] = []
  readonly gone: string[] = []

  constructor(limits: Partial<ControlLimits>) {
    this.directory = mkdtempSync(join(tmpdir(), 'warren-control-'))
    this.path = join(this.directory, 'warren.sock')
    this.server = new ControlServer(this.path, this, limits)
  }

  async answer(request: ControlRequest, signal: AbortSignal): Promise<JsonValue> {
    this.asked.push(request.do)
    if (request.do === 'peers') throw new Error('secret of the inside')
    if (request.do === 'reload') throw new NodeError('no-admin-key', 'a sentence')
    if (request.do === 'tools') return { big: 'x'.repeat(BIG_BYTES) }
    if (request.do !== 'call') return { did: request.do }
    const { promise, resolve } = Promise.withResolvers<null>()
    signal.addEventListener('abort', () => {
      this.gone.push(request.tool)
      resolve(null)
    })
    return promise
  }

  async connect(server: string | undefined, socket: Socket, accept: () => void): Promise<void> {
    if (server === 'nobody') throw new NodeError('no-such-server', 'a sentence')
    accept()
    socket.pipe(socket)
    await Promise.resolve()
  }

  onDefect(error: unknown): void {
    this.defects.push(error)
  }
}

async function listening(limits: Partial<ControlLimits> = {}): Promise<Listening> {
  const node = new Listening(limits)
  onTestFinished(async () => {
    await node.server.stop()
    rmSync(node.directory, { recursive: true, force: true })
  })
  await node.server.start()
  return node
}

function dial({ path }: Listening): Socket {
  const socket = connect({ path, allowHalfOpen: true })
  // A client that is hung up on may see a reset; the tests look at what it was told.
  socket.on('error', () => {})
  onTestFinished(() => {
    socket.destroy()
  })
  return socket
}

async function say(node: Listening, line: string): Promise<unknown> {
  const socket = dial(node)
  socket.end(line)
  const answer: unknown = JSON.parse(await text(socket))
  return answer
}

function closed(socket: Socket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('end', resolve)
  socket.once('close', resolve)
  socket.resume()
  return promise
}

test('a request is answered on one line', { tags: ['DMN-1'] }, async () => {
  const node = await listening()
  expect(await askNode(node.path, { do: 'status' })).toEqual({ did: 'status' })
  expect(await say(node, '{"do":"stop"}\n')).toEqual({ ok: true, value: { did: 'stop' } })
})

const CALL = { do: 'call', server: 's', tool: 't', arguments: {}, timeoutMs: 1 }

test.for<[string, string, string]>([
  ['an empty line', '\n', 'json-malformed'],
  ['no JSON', 'status\n', 'json-malformed'],
  ['a list', '["status"]\n', 'control-malformed'],
  ['nothing known', '{"do":"dance"}\n', 'control-malformed'],
  ['a member too many', '{"do":"status","now":true}\n', 'control-malformed'],
  ['the key of a prototype', '{"do":"status","__proto__":{}}\n', 'json-forbidden-key'],
  ['a nest too deep', `${'['.repeat(65)}${']'.repeat(65)}\n`, 'json-too-deep'],
  ['a call without time', `${JSON.stringify({ ...CALL, timeoutMs: 0 })}\n`, 'control-malformed'],
  [
    'a call too long',
    `${JSON.stringify({ ...CALL, timeoutMs: 3_600_001 })}\n`,
    'control-malformed',
  ],
  ['arguments in a list', `${JSON.stringify({ ...CALL, arguments: [] })}\n`, 'control-malformed'],
  [
    'an invitation for ever',
    '{"do":"invite","roles":[],"expiresInMs":2592000001}\n',
    'control-malformed',
  ],
  [
    'a role that cannot be',
    '{"do":"invite","roles":["A B"],"expiresInMs":1000}\n',
    'control-malformed',
  ],
  ['an end before the newline', '{"do":"status"}', 'control-closed'],
])(
  '%s is refused with a code, and the next client is served',
  { tags: ['DMN-1'] },
  async ([, line, code]) => {
    const node = await listening()
    expect(await say(node, line)).toMatchObject({ ok: false, code })
    expect(node.asked).toEqual([])
    expect(await askNode(node.path, { do: 'status' })).toEqual({ did: 'status' })
  },
)

test.for([
  { name: 'as long as allowed', bytes: 64, outcome: { ok: true } },
  { name: 'one byte longer', bytes: 65, outcome: { ok: false, code: 'control-too-long' } },
  { name: 'far longer', bytes: 1 << 20, outcome: { ok: false, code: 'control-too-long' } },
])('a request that is $name', { tags: ['DMN-1'] }, async ({ bytes, outcome }) => {
  const node = await listening({ requestBytesMax: 64 })
  expect(await say(node, `${'{"do":"status"}'.padEnd(bytes)}\n`)).toMatchObject(outcome)
})

test('an error keeps its code; one without is the log’s alone', { tags: ['DMN-3'] }, async () => {
  const node = await listening()
  await expect(askNode(node.path, { do: 'reload' })).rejects.toMatchObject({
    name: 'ControlRefusal',
    code: 'no-admin-key',
    message: 'a sentence',
  })
  expect(node.defects).toEqual([])
  const refusal = askNode(node.path, { do: 'peers' })
  await expect(refusal).rejects.toMatchObject({ code: 'internal' })
  await expect(refusal).rejects.not.toThrow(/secret/)
  expect(node.defects).toHaveLength(1)
})

test('connect turns the connection into a pipe, or says why not', { tags: ['DMN-1'] }, async () => {
  const node = await listening()
  const pipe = await openMcpPipe(node.path, 'files')
  pipe.end('{"any":"bytes"}\n\u0000\n')
  expect(await text(pipe)).toBe('{"any":"bytes"}\n\u0000\n')
  await expect(openMcpPipe(node.path, 'nobody')).rejects.toMatchObject({ code: 'no-such-server' })
})

test('what is said behind connect belongs to the pipe', { tags: ['DMN-1'] }, async () => {
  const node = await listening()
  const socket = dial(node)
  socket.end('{"do":"connect"}\nfirst words\n')
  expect(await text(socket)).toBe('{"ok":true,"value":null}\nfirst words\n')
})

test('a client that goes away ends what was done for it', { tags: ['DMN-2'] }, async () => {
  const node = await listening()
  const socket = dial(node)
  socket.write(`${JSON.stringify(CALL)}\n`)
  await expect.poll(() => node.asked).toEqual(['call'])
  socket.destroy()
  await expect.poll(() => node.gone).toEqual(['t'])
})

test('a client that says nothing, or half a line, is hung up on', { tags: ['DMN-2'] }, async () => {
  const node = await listening({ clientMs: 50 })
  const silent = dial(node)
  const halting = dial(node)
  halting.write('{"do":')
  await Promise.all([closed(silent), closed(halting)])
  expect(node.asked).toEqual([])
})

test('a client that does not read its answer is hung up on', { tags: ['DMN-2'] }, async () => {
  const node = await listening({ clientMs: 50 })
  const deaf = dial(node)
  deaf.pause()
  deaf.write('{"do":"tools"}\n')
  await expect.poll(() => node.asked).toEqual(['tools'])
  expect(await askNode(node.path, { do: 'status' })).toEqual({ did: 'status' })
  // Once it is cut off, what it reads at last is less than the whole.
  await expect.poll(() => connections(node)).toBe(0)
  const heard = await buffer(deaf).catch(() => Buffer.alloc(0))
  expect(heard.length).toBeLessThan(BIG_BYTES)
})

test('many clients at one time each get their own answer', { tags: ['DMN-2'] }, async () => {
  const node = await listening()
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      askNode(node.path, index % 2 === 0 ? { do: 'status' } : { do: 'stop' }),
    ),
  )
  expect(answers).toEqual(
    Array.from({ length: 200 }, (_, index) => ({ did: index % 2 === 0 ? 'status' : 'stop' })),
  )
})

test('clients beyond the limit are turned away, not the node', { tags: ['DMN-2'] }, async () => {
  const node = await listening({ connectionsMax: 2 })
  const [one, two] = [dial(node), dial(node)]
  await expect.poll(() => connections(node)).toBe(2)
  await closed(dial(node))
  one.destroy()
  two.destroy()
  await expect.poll(() => connections(node)).toBe(0)
  expect(await askNode(node.path, { do: 'status' })).toEqual({ did: 'status' })
})

test('the end of the node waits for no client', { tags: ['DMN-2', 'DMN-5'] }, async () => {
  const node = await listening()
  const pipe = await openMcpPipe(node.path, 'files')
  const silent = dial(node)
  const waiting = dial(node)
  waiting.write(`${JSON.stringify(CALL)}\n`)
  await expect.poll(() => node.asked).toEqual(['call'])
  const ends = Promise.all([closed(pipe), closed(silent), closed(waiting)])
  await node.server.stop()
  await ends
  expect(node.gone).toEqual(['t'])
  expect(existsSync(node.path)).toBe(false)
})

test(
  'the socket is its owner’s alone, whatever the umask',
  { tags: ['DMN-4', 'THR-19'] },
  async () => {
    const umask = process.umask(0)
    onTestFinished(() => {
      process.umask(umask)
    })
    const node = await listening()
    expect(statSync(node.path).mode & 0o777).toBe(0o600)
    expect(process.umask()).toBe(0)
  },
)

test(
  'a directory that is made for the socket is its owner’s alone',
  { tags: ['DMN-4'] },
  async () => {
    const node = new Listening({})
    const path = join(node.directory, 'deep', 'warren.sock')
    const server = new ControlServer(path, node)
    onTestFinished(async () => {
      await server.stop()
      rmSync(node.directory, { recursive: true })
    })
    await server.start()
    expect(statSync(join(node.directory, 'deep')).mode & 0o777).toBe(0o700)
  },
)

test('what lies in the place of the socket is replaced', { tags: ['DMN-5'] }, async () => {
  const node = new Listening({})
  onTestFinished(async () => {
    await node.server.stop()
    rmSync(node.directory, { recursive: true, force: true })
  })
  writeFileSync(node.path, 'left behind')
  await node.server.start()
  expect(await askNode(node.path, { do: 'status' })).toEqual({ did: 'status' })
})

test('nobody at the socket is a code of its own', { tags: ['DMN-1'] }, async () => {
  await expect(askNode('/nowhere/warren.sock', { do: 'status' })).rejects.toMatchObject({
    name: 'NodeError',
    code: 'node-not-running',
  })
})

test(
  'a path that is too long for a socket is replaced by a short one of its own',
  { tags: ['DMN-4'] },
  () => {
    const fitting = `/${'d'.repeat(103 - '/warren.sock'.length - 1)}`
    expect(controlPath(fitting, nodeSuite)).toBe(`${fitting}/warren.sock`)
    const long = controlPath(`${fitting}d`, nodeSuite)
    expect(long.length).toBeLessThanOrEqual(103)
    expect(long).not.toBe(controlPath(`${fitting}e`, nodeSuite))
    expect(controlPath(`${fitting}d`, nodeSuite)).toBe(long)
  },
)

function connections(node: Listening): number {
  return node.server.connections
}
