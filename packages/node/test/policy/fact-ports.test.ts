import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, onTestFinished, test, vi } from 'vitest'
import { boundedStep } from '../../src/policy/bounded-step.ts'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'
import { NodeFileTree } from '../../src/policy/node-file-tree.ts'
import { factsOfPath } from './path-tree.ts'

const ROOT = realpathSync(mkdtempSync(join(tmpdir(), 'warren-ports-')))
afterAll(() => {
  chmodSync(join(ROOT, 'data/closed'), 0o700)
  rmSync(ROOT, { recursive: true })
})
mkdirSync(join(ROOT, 'data/closed'), { recursive: true })
chmodSync(join(ROOT, 'data/closed'), 0o000)
symlinkSync(Buffer.from([0x78, 0xff]), join(ROOT, 'data/not-text'))

test('a link whose target is not UTF-8 refuses the call', { tags: ['FCT-4'] }, async () => {
  await expect(new NodeFileTree().readlink(join(ROOT, 'data/not-text'))).rejects.toThrow(TypeError)
  expect(await factsOfPath(ROOT, 'not-text')).toMatchObject({ code: 'fact-failure' })
})

test.skipIf(process.getuid?.() === 0)(
  'a directory that the node may not search refuses the call',
  { tags: ['FCT-4'] },
  async () => {
    expect(await factsOfPath(ROOT, 'closed/x')).toMatchObject({ code: 'fact-failure' })
  },
)

test(
  'a name that is longer than the system takes refuses the call',
  { tags: ['FCT-4'] },
  async () => {
    const deep = Array.from({ length: 20 }, () => 'x'.repeat(250)).join('/')
    await expect(new NodeFileTree().lstat(`/${deep}`)).rejects.toThrow('ENAMETOOLONG')
  },
)

test('what is not there is told from what cannot be looked at', { tags: ['FCT-4'] }, async () => {
  const tree = new NodeFileTree()
  expect(await tree.lstat(join(ROOT, 'missing'))).toBeUndefined()
  expect(await tree.lstat(join(ROOT, 'data'))).toMatchObject({ kind: 'directory' })
  await expect(tree.lstat(`${ROOT}/nul\0`)).rejects.toThrow(/null bytes/)
})

test('a step that never ends is given up', { tags: ['FCT-4'] }, async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { promise: never } = Promise.withResolvers<string>()
  const step = boundedStep(never, 2000)
  vi.advanceTimersByTime(2000)
  await expect(step).rejects.toThrow('did not answer within 2000 ms')
  expect(await boundedStep(Promise.resolve('answer'), 2000)).toBe('answer')
  expect(vi.getTimerCount()).toBe(0)
})

test('a name that nobody can resolve has no addresses', { tags: ['FCT-17'] }, async () => {
  expect(await nodeFactPorts().resolveName?.('..')).toEqual([])
  expect(await nodeFactPorts().resolveName?.('127.0.0.1')).toEqual(['127.0.0.1'])
})

test(
  'the parser of this runtime is asked, and says nothing of what is no URL',
  { tags: ['FCT-15'] },
  () => {
    const { parseUrl } = nodeFactPorts()
    expect(parseUrl('HTTP://EXAMPLE.com:80/a')).toMatchObject({ hostname: 'example.com', port: '' })
    expect(parseUrl('http://')).toBeUndefined()
  },
)
