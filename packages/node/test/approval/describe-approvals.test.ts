import type { JsonObject } from '@warren/core'
import { expect, test, vi } from 'vitest'
import { describeApprovals, describeHeld } from '../../src/approval/describe-approvals.ts'
import type { HeldCall } from '../../src/approval/held-call.ts'
import { TestDesk } from './test-desk.ts'

const TOKEN = `ghp_${'a1B2'.repeat(9)}`

async function heldWith(args: JsonObject): Promise<{ tests: TestDesk; held: HeldCall }> {
  const tests = new TestDesk()
  const subject = {
    caller: 'did:webvh:QmAlice:warren.internal',
    server: 'fs',
    generation: 1,
    tool: 'write',
    arguments: args,
    more: {},
    beside: {},
    facts: { path: { real: '/srv/a' } },
    policy: 'p',
  }
  const who = { rules: ['writes'], roles: ['member'], enclave: 'main' }
  const { signal } = new AbortController()
  void tests.desk.hold({ subject, length: 10, hash: 'h', ...who }, (wait) =>
    wait({ signal, progress: () => {} }),
  )
  await vi.waitUntil(() => tests.desk.waiting.length === 1, { interval: 1 })
  const [held] = tests.desk.waiting
  if (held === undefined) throw new Error('nothing waits')
  return { tests, held }
}

test('a call is shown whole, with what it means', { tags: ['APR-10', 'THR-54'] }, async () => {
  const args = { path: 'a', text: 'x'.repeat(60_000) }
  const { tests, held } = await heldWith(args)
  expect(describeHeld(held, tests.desk)).toMatchObject({
    arguments: args,
    facts: { path: { real: '/srv/a' } },
    secrets: 0,
    leftSeconds: 300,
    since: '1970-01-01T00:00:00.000Z',
    hash: 'h',
    rules: ['writes'],
  })
})

test(
  'in a list what looks like a secret is marked; whoever approves sees all as it is, and how much looks so',
  { tags: ['APR-10', 'THR-54'] },
  async () => {
    const hidden = {
      text: `token ${TOKEN}!`,
      password: 'hunter2',
      script: 'ls # -----BEGIN PRIVATE KEY-----\nrm -rf /srv',
      'token=AAAA1': 'rm -rf /',
      'token=AAAA2': 'fine',
    }
    const { tests, held } = await heldWith(hidden)
    const listed = JSON.stringify(describeApprovals(tests.desk, tests.time))
    expect(listed).not.toContain(TOKEN)
    expect(listed).not.toContain('hunter2')
    const shown = describeHeld(held, tests.desk)
    expect(shown['arguments']).toEqual(hidden)
    expect(Number(shown['secrets'])).toBeGreaterThanOrEqual(3)
  },
)

test(
  'a list holds 512 characters of the arguments of each call, and how many there are',
  { tags: ['APR-10', 'THR-54'] },
  async () => {
    for (const [length, shown] of [
      [504, 512],
      [505, 512],
      [60_000, 512],
      [503, 511],
    ] as const) {
      const { tests } = await heldWith({ t: 'x'.repeat(length) })
      expect(describeApprovals(tests.desk, tests.time)).toMatchObject({
        waiting: [{ argumentsLength: length + 8 }],
      })
      const { waiting } = describeApprovals(tests.desk, tests.time) as {
        waiting: { excerpt: string }[]
      }
      expect(waiting[0]?.excerpt).toHaveLength(shown)
      expect(waiting[0]).not.toHaveProperty('arguments')
    }
  },
)

test(
  'an approval for more calls is listed with what is left of it',
  { tags: ['APR-8', 'APR-12'] },
  async () => {
    const { tests, held } = await heldWith({ path: 'a' })
    void tests.desk.approve({ id: held.id, hash: 'h', times: 3, forSeconds: 60 })
    await vi.waitUntil(() => tests.desk.grants.length === 1, { interval: 1 })
    tests.time.pass(1500)
    expect(describeApprovals(tests.desk, tests.time)).toMatchObject({
      waiting: [],
      granted: [{ id: held.id, timesLeft: 2, leftSeconds: 59, tool: 'write' }],
    })
  },
)
