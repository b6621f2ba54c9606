import { pumpStdio } from '@warren/mcp'
import { randomBytes } from 'node:crypto'
import { duplexPair, PassThrough } from 'node:stream'
import { expect, test } from 'vitest'

function pipe(): { readonly input: PassThrough; readonly output: PassThrough } {
  return { input: new PassThrough(), output: new PassThrough() }
}

test(
  'bytes pass unchanged both ways, and the end of the host lets the answer through',
  { tags: ['MCP-32'] },
  async () => {
    const [near, far] = duplexPair()
    const stdio = pipe()
    const pumping = pumpStdio(near, stdio)
    const sent = randomBytes(300_000)
    stdio.input.end(sent)
    const received: Buffer[] = []
    const bytes = far.iterator({ destroyOnReturn: false })
    for await (const chunk of bytes) received.push(chunk as Buffer)
    expect(Buffer.concat(received).equals(sent)).toBe(true)
    const answer = randomBytes(300_000)
    const reading = stdio.output.toArray()
    far.end(answer)
    expect(await pumping).toBe('host-closed')
    stdio.output.end()
    expect(Buffer.concat(await reading).equals(answer)).toBe(true)
  },
)

test('the end of the node ends the shim, after what it said', { tags: ['MCP-32'] }, async () => {
  const [near, far] = duplexPair()
  const stdio = pipe()
  const pumping = pumpStdio(near, stdio)
  far.end('last words')
  expect(await pumping).toBe('node-closed')
  expect(String(stdio.output.read())).toBe('last words')
  expect(stdio.input.destroyed).toBe(true)
})

test('a broken connection ends the shim', { tags: ['MCP-32'] }, async () => {
  const [near] = duplexPair()
  const stdio = pipe()
  const pumping = pumpStdio(near, stdio)
  near.destroy(new Error('reset'))
  expect(await pumping).toBe('node-closed')
})

test('a host that closes its reading end ends the shim', { tags: ['MCP-32'] }, async () => {
  const [near, far] = duplexPair()
  const stdio = pipe()
  const pumping = pumpStdio(near, stdio)
  stdio.output.destroy()
  far.write('x')
  await pumping
  expect(near.destroyed).toBe(true)
})

test('a host that does not read holds the node back', { tags: ['MCP-32'] }, async () => {
  const [near, far] = duplexPair()
  const stdio = pipe()
  void pumpStdio(near, stdio)
  let written = 0
  while (far.write(Buffer.alloc(16_384))) {
    written += 1
    await new Promise(setImmediate)
    if (written > 100) break
  }
  expect(written).toBeLessThan(50)
  far.destroy()
  near.destroy()
})
