import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  cosign,
  formatCheckpoint,
  type HybridSigners,
  type KnownSigner,
  parseCheckpoint,
} from '@warren/tlog'
import { expect, test } from 'vitest'
import { verifyHeads } from '../../src/audit/offline/cosigned-heads.ts'
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
