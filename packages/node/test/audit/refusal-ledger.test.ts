import type { DecisionDraft, EntryDraft } from '@warren/audit'
import { StorageError } from '@warren/storage'
import { expect, test } from 'vitest'
import { RefusalLedger } from '../../src/audit/refusal-ledger.ts'
import { HandScheduler } from './hand-scheduler.ts'

const OF_CALLER_MAX = 60
const OF_ALL_MAX = 1_200
const CALLERS_MAX = 256

function refusal(caller = 'did:a', code = 'policy-no-rule'): DecisionDraft {
  return {
    kind: 'decision',
    call: '00'.repeat(16),
    caller,
    roles: [],
    enclave: '',
    server: 'fs',
    method: 'tools/call',
    allowed: false,
    code,
    policy: 'A'.repeat(43),
    args: { keep: 'hash' },
    bytes: 1,
  }
}

interface Case {
  readonly ledger: RefusalLedger
  readonly written: EntryDraft[]
  readonly noted: EntryDraft[]
  readonly scheduler: HandScheduler
  disk: 'well' | 'full'
}

function ledgerOf(): Case {
  const written: EntryDraft[] = []
  const noted: EntryDraft[] = []
  const scheduler = new HandScheduler()
  const made: Case = {
    written,
    noted,
    scheduler,
    disk: 'well',
    ledger: new RefusalLedger({
      scheduler,
      append: async (draft) => {
        if (made.disk === 'full') throw new StorageError('audit-unavailable', 'the disk is full')
        written.push(draft)
      },
      note: (draft) => noted.push(draft),
    }),
  }
  return made
}

async function refuse({ ledger }: Case, times: number, draft = refusal()): Promise<void> {
  for (let time = 0; time < times; time += 1) await ledger.record(draft)
}

test(
  'so many refusals of a caller have entries, and not one more',
  { tags: ['AUN-3'] },
  async () => {
    const made = ledgerOf()
    await refuse(made, OF_CALLER_MAX)
    expect(made.written).toHaveLength(OF_CALLER_MAX)
    made.scheduler.pass()
    expect(made.noted).toEqual([])

    await refuse(made, OF_CALLER_MAX + 2)
    await refuse(made, 1, refusal('did:a', 'call-malformed'))
    expect(made.written).toHaveLength(2 * OF_CALLER_MAX)
    made.scheduler.pass()
    expect(made.noted).toEqual([
      {
        kind: 'alert',
        code: 'refusals-summed',
        severity: 'warn',
        about: 'did:a',
        sentence:
          'Within 60 s 3 more requests of this caller were refused, beyond those with entries of their own: policy-no-rule 2, call-malformed 1.',
      },
    ])
  },
)

test(
  'a flood of one caller takes no entry from another',
  { tags: ['AUN-3', 'THR-43'] },
  async () => {
    const made = ledgerOf()
    await refuse(made, OF_ALL_MAX)
    await refuse(made, 1, refusal('did:b'))
    expect(made.written.at(-1)).toMatchObject({ caller: 'did:b' })
  },
)

test(
  'a flood of many callers is bounded in entries, sums and memory',
  { tags: ['AUN-3'] },
  async () => {
    const made = ledgerOf()
    const callers = Array.from({ length: 10 * CALLERS_MAX }, (_, at) => `did:${at}`)
    for (const caller of callers) await refuse(made, 10, refusal(caller))
    expect(made.written.length).toBeLessThanOrEqual(OF_ALL_MAX)
    made.scheduler.pass()
    expect(made.noted.length).toBeLessThanOrEqual(CALLERS_MAX + 1)
    expect(made.noted.at(-1)).toMatchObject({
      sentence: expect.stringContaining('further callers'),
    })
    const counted = made.noted.map((draft) =>
      Number(/ (\d+) more/.exec(JSON.stringify(draft))?.[1]),
    )
    const sum = counted.reduce((total, each) => total + each, 0)
    expect(sum + made.written.length).toBe(10 * callers.length)
  },
)

test('what cannot be written is counted', { tags: ['AUN-3'] }, async () => {
  const made = ledgerOf()
  made.disk = 'full'
  await refuse(made, 2)
  made.scheduler.pass()
  expect(made.noted).toMatchObject([{ sentence: expect.stringContaining('policy-no-rule 2') }])
})

test(
  'reasons beyond those that a sum names are counted together',
  { tags: ['AUN-3'] },
  async () => {
    const made = ledgerOf()
    await refuse(made, OF_CALLER_MAX)
    for (let at = 0; at < 10; at += 1) await refuse(made, 1, refusal('did:a', `code-${at}`))
    made.ledger.flush()
    expect(made.noted).toMatchObject([{ sentence: expect.stringMatching(/code-7 1, other 2\.$/) }])
  },
)

test('a flush leaves nobody waiting', { tags: ['AUN-3'] }, async () => {
  const made = ledgerOf()
  await refuse(made, 1)
  expect(made.scheduler.waiting).toBe(1)
  made.ledger.flush()
  expect(made.scheduler.waiting).toBe(0)
})
