import { cpSync } from 'node:fs'
import { join } from 'node:path'
import type { Entry } from '@warren/audit'
import { expect, test } from 'vitest'
import { verifyAudit } from '../../src/audit/offline/verify-audit.ts'
import { auditDirectory } from './test-log.ts'

/** The log of a real node that was killed once, written when entries told of calls that came alone. */
const STORED = join(import.meta.dirname, 'log-of-version-1')

test(
  'a log from before calls to other nodes were written down verifies as it was, cosignatures included',
  { tags: ['AUN-16', 'AUD-15'] },
  async () => {
    const directory = auditDirectory()
    cpSync(STORED, directory, { recursive: true })
    const entries: Entry[] = []
    const { verification, findings, cosigned } = await verifyAudit({
      directory,
      everySignature: true,
      nowMs: Date.UTC(2026, 10, 29),
      onEntry: (entry) => entries.push(entry),
    })
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([])
    expect(verification.size).toBe(18)
    expect(cosigned?.checkpoint.size).toBeGreaterThanOrEqual(17)
    expect(
      entries.filter(({ kind }) => kind === 'decision' || kind === 'unfinished'),
    ).toMatchObject([
      { seq: 4, decisions: [] },
      { seq: 7, allowed: true },
      { seq: 9, allowed: false },
      { seq: 10, allowed: true },
      { seq: 14, decisions: [10] },
      { seq: 15, decisions: [] },
    ])
  },
)
