import { cpSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkpointLine } from '@warren/audit'
import { AuditArchive } from '@warren/storage'
import {
  cosign,
  formatCheckpoint,
  type HybridSigners,
  type KnownSigner,
  parseCheckpoint,
} from '@warren/tlog'
import { expect, test } from 'vitest'
import { verifyHeads } from '../../src/audit/offline/cosigned-heads.ts'
import { headFindings } from '../../src/audit/offline/head-findings.ts'
import { COSIGNED_NOTES_MAX, cosignedNotes } from '../../src/audit/offline/known-notes.ts'
import { isClean, verifyAudit } from '../../src/audit/offline/verify-audit.ts'
import { NOW_SECONDS, suite, TestLog } from './log-node.ts'
import { auditDirectory } from './test-log.ts'

const NODE = new TestLog(1)
const HONEST = new TestLog(2)
const HOSTILE = new TestLog(3)
const NOTE = NODE.grow(10)
const HONEST_LINES = linesOf(HONEST)

function linesOf({ key, signers: own }: TestLog, signers: HybridSigners = own): string {
  const { origin, size, root } = parseCheckpoint(NOTE)
  const { name } = key.signer
  return cosign({ suite, name, signers, timeSeconds: NOW_SECONDS, origin, size, root })
}

/** The hostile one as a key log shows it that lists more pairs, of whomever. */
function listing(...pairs: KnownSigner['keys']): KnownSigner {
  const { name, keys } = HOSTILE.key.signer
  return { name, keys: [...keys, ...pairs] }
}

/** Who counts under a checkpoint that bears the lines of the honest one and of the hostile one, and who is left out. */
function judge(
  hostileLines: string,
  hostile: KnownSigner,
): { readonly counted: unknown; readonly leftOut: readonly string[]; readonly refused: number } {
  const cosigners = [HONEST.key.signer, hostile]
  const note = `${NOTE}${HONEST_LINES}${hostileLines}`
  const { heads, leftOut, refused } = verifyHeads([note], { log: NODE.key.signer, cosigners })
  const counted = heads.flatMap(({ cosignatures }) => cosignatures.map(({ name }) => name))
  return { counted, leftOut: leftOut.map(({ name }) => name), refused: refused.length }
}

const [HONEST_NAME, HOSTILE_NAME] = [HONEST.key.signer.name, HOSTILE.key.signer.name]
const [HONEST_KEYS, HOSTILE_KEYS, NODE_KEYS] = [HONEST, HOSTILE, NODE].map(
  ({ key }) => key.signer.keys[0]!,
)

test(
  'who lists the keys of others and signs with its own takes nothing from them',
  { tags: ['ACM-3'] },
  () => {
    const both = { counted: [HONEST_NAME, HOSTILE_NAME], leftOut: [], refused: 0 }
    expect(judge(linesOf(HOSTILE), HOSTILE.key.signer)).toEqual(both)
    expect(judge(linesOf(HOSTILE), listing(HONEST_KEYS!))).toEqual(both)
  },
)

test('who signs with a key of another one does not count beside it', { tags: ['ACM-3'] }, () => {
  const borrowed = { ...HOSTILE_KEYS!, ed25519: HONEST_KEYS!.ed25519 }
  const { ed25519 } = HONEST.signers
  const lines = linesOf(HOSTILE, { ed25519, mlDsa44: HOSTILE.signers.mlDsa44 })
  expect(judge(lines, listing(borrowed))).toEqual({
    counted: [],
    leftOut: [HONEST_NAME, HOSTILE_NAME],
    refused: 0,
  })
  // Where its key log does not say so, these are the lines of nobody.
  const alone = { counted: [HONEST_NAME], leftOut: [], refused: 0 }
  expect(judge(lines, HOSTILE.key.signer)).toEqual(alone)
})

test('who lists the keys of the log is left out alone', { tags: ['ACM-3'] }, () => {
  const alone = { counted: [HONEST_NAME], leftOut: [HOSTILE_NAME], refused: 0 }
  expect(judge(linesOf(HOSTILE), listing(NODE_KEYS!))).toEqual(alone)
})

test.for([
  { seconds: 253_402_300_799n, outcome: { counted: [], leftOut: [], refused: 1 } },
  {
    seconds: 253_402_300_800n,
    outcome: { counted: [HONEST_NAME], leftOut: [HOSTILE_NAME], refused: 0 },
  },
])(
  'a time of $seconds s, under signatures of another time, comes to $outcome',
  { tags: ['ACM-3'] },
  ({ seconds, outcome }) => {
    const checkpoint = parseCheckpoint(`${NOTE}${linesOf(HOSTILE)}`)
    const lines = checkpoint.lines.map((line) => {
      const signature = Uint8Array.from(line.signature)
      new DataView(signature.buffer).setBigUint64(0, seconds)
      return { ...line, signature }
    })
    const own = parseCheckpoint(NOTE).lines.length
    const text = formatCheckpoint({ ...checkpoint, lines: lines.slice(own) })
    expect(judge(text.slice(text.indexOf('—')), HOSTILE.key.signer)).toEqual(outcome)
  },
)

/** A signer that counts how often somebody goes through its keys. */
function counting({ name, keys }: KnownSigner): { readonly signer: KnownSigner; count: number } {
  const counted = {
    count: 0,
    signer: {
      name,
      get keys(): KnownSigner['keys'] {
        counted.count += 1
        return keys
      },
    },
  }
  return counted
}

/** A pair of keys with which nobody signs, other than those of another number. */
function junkPair(number: number): KnownSigner['keys'][number] {
  const mark = (bytes: number): Uint8Array => {
    const key = new Uint8Array(bytes).fill(7)
    new DataView(key.buffer).setUint32(0, number)
    return key
  }
  return { ed25519: mark(32), mlDsa44: mark(1312) }
}

test(
  'the keys of a log are gone through once, however many cosigners there are, and those of who has no line not at all',
  { tags: ['AUD-30', 'ACM-3'] },
  () => {
    const [pairs, others, notes] = [64, 200, 5]
    const junk = Array.from({ length: pairs - 1 }, (_, number) => junkPair(number))
    const log = counting({ ...NODE.key.signer, keys: [...NODE.key.signer.keys, ...junk] })
    const absent = Array.from({ length: others }, (_, number) =>
      counting({ name: `nobody/${number}`, keys: [junkPair(pairs + number)] }),
    )
    const cosigners = [HONEST.key.signer, ...absent.map(({ signer }) => signer)]
    const note = `${NOTE}${HONEST_LINES}`
    const many = Array.from({ length: notes }, () => note)
    const { heads, leftOut } = verifyHeads(many, { log: log.signer, cosigners })
    expect(heads.map(({ cosignatures }) => cosignatures.length)).toEqual(many.map(() => 1))
    expect(leftOut).toEqual([])
    // Three times for the signature of the log under each note; once each for what is remembered of its keys and of their ids.
    expect(log.count).toBe(3 * notes + 2)
    expect(absent.map(({ count }) => count)).toEqual(absent.map(() => 0))
  },
)

test(
  'of checkpoints that do not count the first are named, and the others counted',
  { tags: ['AUD-30', 'ACM-2'] },
  () => {
    const faults = (refused: number, leftOut: number): readonly (readonly string[])[] =>
      headFindings({
        refused: Array.from({ length: refused }, () => ({ note: NOTE, reason: 'it is none' })),
        leftOut: Array.from({ length: leftOut }, (_, at) => ({ name: `${at}`, reason: 'time' })),
        unseen: [],
        unread: 0,
      }).map(({ code, severity, sentence }) => [code, severity, sentence])
    expect(faults(0, 0)).toEqual([])
    expect(faults(100, 0)).toHaveLength(100)
    expect(faults(0, 100).at(-1)?.[2]).toContain('A cosignature of 99 ')
    expect(faults(20_000, 1_024)).toHaveLength(202)
    expect(faults(20_000, 1_024)[100]).toEqual([
      'cosigned-wrong',
      'error',
      'And 19900 more findings of this kind (cosigned-wrong).',
    ])
    expect(faults(20_000, 1_024)[201]?.[2]).toContain('And 924 more')
  },
)

test.for([
  { count: COSIGNED_NOTES_MAX, left: [] },
  { count: COSIGNED_NOTES_MAX + 1, left: [{ count: 1, sizeMax: 1 }] },
  { count: COSIGNED_NOTES_MAX + 700, left: [{ count: 700, sizeMax: 700 }] },
])(
  'of $count cosigned checkpoints beside a log the newest are verified, and $left left out and told of',
  { tags: ['AUD-30', 'ACM-2'] },
  async ({ count, left }) => {
    const directory = auditDirectory()
    mkdirSync(join(directory, 'segments'), { recursive: true })
    // Whose lines they are is not asked yet.
    const lines = [{ name: 'x', keyId: 1, signature: new Uint8Array(64) }]
    const head = { origin: 'x', root: new Uint8Array(32), lines }
    const noteOf = (size: number): string => formatCheckpoint({ ...head, size })
    const all = Array.from({ length: count }, (_, at) => checkpointLine(noteOf(at + 1)))
    writeFileSync(join(directory, 'cosigned.log'), Buffer.concat(all))
    const archive = await AuditArchive.open(directory, suite)
    const { notes, leftOut } = await cosignedNotes(archive)
    expect(notes).toHaveLength(COSIGNED_NOTES_MAX)
    expect(notes.at(-1)).toBe(noteOf(count))
    expect(leftOut).toEqual(left.map((each) => ({ directory, ...each })))
    const said = headFindings({ refused: [], leftOut: [], unseen: leftOut, unread: 0 })
    expect(said.map(({ code, severity }) => [code, severity])).toEqual(
      left.map(() => ['cosigned-left-out', 'error']),
    )
    // Where only newer ones are asked for, those alone are counted.
    expect((await cosignedNotes(archive, 701)).leftOut).toEqual([])
  },
)

test(
  'a cosigner that is left out is named in a warning, and the log stays what its node signed',
  { tags: ['ACM-2', 'ACM-3'] },
  async () => {
    const directory = auditDirectory()
    cpSync(join(import.meta.dirname, 'log-of-version-1'), directory, { recursive: true })
    const logs = readdirSync(join(directory, 'witness')).map((name) =>
      join(directory, 'witness', name),
    )
    const nowMs = Date.UTC(2026, 10, 29)
    const once = await verifyAudit({ directory, cosignerLogs: logs, nowMs })
    expect(once.findings.filter(({ code }) => code === 'cosigner-left-out')).toEqual([])
    expect(once.cosigned?.cosignatures).toHaveLength(logs.length)
    const twice = await verifyAudit({ directory, cosignerLogs: [...logs, logs[0]!], nowMs })
    expect(twice.findings).toContainEqual(
      expect.objectContaining({
        code: 'cosigner-left-out',
        severity: 'warn',
        sentence: expect.stringContaining('warren.internal/'),
      }),
    )
    expect(isClean(twice)).toBe(true)
  },
)
