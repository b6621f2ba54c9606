import { verifyLog } from '@warren/identity'
import { expect, test } from 'vitest'
import { askInTurn } from '../../src/audit/ask-in-turn.ts'
import { MemberLogs } from '../../src/audit/member-logs.ts'
import { NOW_SECONDS, suite, TestLog } from './log-node.ts'

const { did, keyLog, signer } = new TestLog(1).key
const other = new TestLog(2).key

/** What is known of one member: whether it is one, and its key log where it was met in this run or before. */
function logs(known: {
  readonly objection?: string
  readonly met?: string
  readonly stored?: string
  readonly isCurrent?: boolean
}): MemberLogs {
  const { objection, met, stored } = known
  const shown = met && verifyLog({ suite, text: met, nowMs: NOW_SECONDS * 1000 })
  return new MemberLogs({
    suite,
    objection: () => objection,
    isCurrent: () => known.isCurrent ?? true,
    shownLog: () => shown || undefined,
    storedLog: () => stored,
  })
}

test.for([
  { who: 'a member that was met in this run', known: { met: keyLog }, found: true },
  { who: 'a member that was met before', known: { stored: keyLog }, found: true },
  { who: 'a member that was never met', known: {}, found: false },
  {
    who: 'somebody who is no member now',
    known: { met: keyLog, objection: 'revoked' },
    found: false,
  },
  {
    who: 'a member that was met with keys that count no more',
    known: { met: keyLog, stored: keyLog, isCurrent: false },
    found: false,
  },
  {
    who: 'a member whose stored log was altered',
    known: { stored: keyLog.replace('"1-', '"2-') },
    found: false,
  },
  {
    who: 'a member under whose name another log is stored',
    known: { stored: other.keyLog },
    found: false,
  },
])('the log of $who is known: $found', { tags: ['AWT-10'] }, ({ known, found }) => {
  const log = logs(known).of(did)
  expect(log).toEqual(found ? { did, keyLog, signer } : undefined)
})

const question = new Uint8Array(1)

test(
  'a member is asked one question after the other, others at once',
  { tags: ['AWT-10'] },
  async () => {
    const begun: string[] = []
    const gates = new Map<string, PromiseWithResolvers<Uint8Array>>()
    const ask = askInTurn(async (to) => {
      begun.push(to)
      const gate = Promise.withResolvers<Uint8Array>()
      gates.set(`${to} ${begun.length}`, gate)
      return gate.promise
    })
    const first = ask('a', question)
    const second = ask('a', question)
    const third = ask('b', question)
    await Promise.resolve()
    await Promise.resolve()
    expect(begun).toEqual(['a', 'b'])
    gates.get('a 1')?.reject(new Error('gone'))
    gates.get('b 2')?.resolve(question)
    await expect(first).rejects.toThrow('gone')
    await third
    expect(begun).toEqual(['a', 'b', 'a'])
    gates.get('a 3')?.resolve(question)
    expect(await second).toBe(question)
  },
)

test('sixteen questions wait for one member, and no more', { tags: ['AWT-10'] }, async () => {
  const gate = Promise.withResolvers<Uint8Array>()
  const ask = askInTurn(() => gate.promise)
  const asked = Array.from({ length: 16 }, async () => ask('a', question))
  await expect(ask('a', question)).rejects.toMatchObject({ code: 'audit-asked-too-often' })
  gate.resolve(question)
  await Promise.all(asked)
  expect(await ask('a', question)).toBe(question)
})
