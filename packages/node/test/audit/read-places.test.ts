import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { AuditArchive } from '@warren/storage'
import { expect, test } from 'vitest'
import { readPlaces } from '../../src/audit/offline/read-entries.ts'
import { auditDirectory, openTestLog } from './test-log.ts'

const SECOND = '000000000001.log'

test.for<[string, (path: string) => void, readonly string[]]>([
  ['is whole', () => undefined, []],
  // Then the one before it lacks entries.
  ['is gone', (path) => rmSync(path), ['(segment 0)']],
  [
    'says what no log writes',
    (path) => writeFileSync(path, 'nobody wrote this\n'),
    ['(segment 1)'],
  ],
  ['says what no entry is', (path) => writeFileSync(path, '{}\n'), ['(segment 1)']],
])(
  'where a segment %s, entries of the others are read that were found, and what is wrong is said',
  { tags: ['AFS-27', 'ACM-1'] },
  async ([, harm, said]) => {
    const directory = auditDirectory()
    const store = await openTestLog(directory, 1)
    for (const sentence of ['a', 'b', 'c']) {
      await store.append({ kind: 'alert', code: 'x', severity: 'info', sentence })
    }
    const path = join(directory, 'segments', SECOND)
    chmodSync(path, 0o600)
    harm(path)
    const archive = await AuditArchive.open(directory, suite)
    const { entries, troubles } = await readPlaces(archive, [2, 1, 0])
    expect(entries.map(({ seq }) => seq)).toEqual(said.length === 0 ? [0, 1, 2] : [0, 2])
    expect(troubles).toEqual(said.map((each) => expect.stringContaining(each)))
  },
)
