import { RecordSync } from '@warren/membership'
import { expect, test } from 'vitest'
import { parseSyncMessage } from '../../src/sync/sync-message.ts'
import { suite } from '../builders.ts'
import { witnessedMesh } from '../record-builders.ts'

const NEIGHBOURS = 8
const ROUNDS = 60
/** Until witnesses have answered a node asks again every ten seconds. */
const ROUND_MS = 10_000
const MESSAGE_BYTES_MAX = 1_048_576
const mesh = witnessedMesh()

/** A node with so many neighbours, the first of which is a witness where there is one, and nobody who answers. */
function eavesdropped(witness?: string): { readonly asked: (nowMs: number) => readonly string[] } {
  const limits = { answerMs: 2 * ROUNDS * ROUND_MS }
  const sync = new RecordSync({ set: mesh.empty, random: suite, nowMs: 0, limits })
  for (let at = 0; at < NEIGHBOURS; at += 1) {
    const did = at === 0 ? (witness ?? 'nobody') : `did:${at}`
    sync.handle({ type: 'connected', link: `link-${at}`, did }, 0)
  }
  return {
    asked: (nowMs) =>
      sync.handle({ type: 'wake' }, nowMs).flatMap((effect) => {
        if (effect.type !== 'send') return []
        const { type } = parseSyncMessage(effect.bytes, MESSAGE_BYTES_MAX)
        return type === 'challenge' ? [effect.link] : []
      }),
  }
}

test(
  'who has no witness beside it asks other neighbours each time, and all of them in the end',
  { tags: ['FRS-18'] },
  () => {
    const { asked } = eavesdropped()
    const rounds = Array.from({ length: ROUNDS }, (_, round) => asked(round * ROUND_MS))
    for (const links of rounds) expect(new Set(links).size).toBe(3)
    expect(new Set(rounds.flat()).size).toBe(NEIGHBOURS)
  },
)

test('a neighbour that is a witness is asked each time', { tags: ['FRS-18'] }, () => {
  const { asked } = eavesdropped(mesh.witnesses[0]?.did)
  for (let round = 0; round < 5; round += 1) {
    const links = asked(round * ROUND_MS)
    expect(links).toContain('link-0')
    expect(links).toHaveLength(4)
  }
})
