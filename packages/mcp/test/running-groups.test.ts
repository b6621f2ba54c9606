import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { runningGroups } from '../src/process/process-group.ts'
import { RunningGroups } from '../src/process/running-groups.ts'

const LOOK_PAUSE_MS = 50

async function group(): Promise<number> {
  const child = spawn('/bin/sleep', ['60'], { detached: true, stdio: 'ignore' })
  await once(child, 'spawn')
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child.pid ?? 0
}

test(
  'groups that end together are seen by one look at the processes',
  { tags: ['MCP-57'] },
  async () => {
    let looks = 0
    const running = new RunningGroups(() => {
      looks += 1
      return runningGroups()
    })
    const groups = await Promise.all(Array.from({ length: 8 }, group))
    for (let nowMs = 1; nowMs < 1 + 2 * LOOK_PAUSE_MS; nowMs += 10) {
      const seen = groups.map((each) => running.has(each, { sinceMs: 1, nowMs }))
      expect(new Set(seen)).toEqual(new Set([true]))
    }
    expect(looks).toBe(2)
  },
)

test('a look from before the question does not count', { tags: ['MCP-57'] }, async () => {
  const running = new RunningGroups(runningGroups)
  const first = await group()
  expect(running.has(first, { sinceMs: 100, nowMs: 100 })).toBe(true)
  const second = await group()
  expect(running.has(second, { sinceMs: 101, nowMs: 101 })).toBe(true)
})

test('a group that is gone does not run, without a look', { tags: ['MCP-57'] }, async () => {
  const running = new RunningGroups(() => {
    throw new Error('nobody has to look')
  })
  const child = spawn('/bin/true', { detached: true, stdio: 'ignore' })
  await once(child, 'exit')
  expect(running.has(child.pid ?? 0, { sinceMs: 0, nowMs: 0 })).toBe(false)
})
