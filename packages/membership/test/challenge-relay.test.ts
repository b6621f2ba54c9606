import { expect, test } from 'vitest'
import { ChallengeRelay } from '../src/sync/challenge-relay.ts'
import { Neighbour } from '../src/sync/neighbour.ts'
import { SYNC_LIMITS } from '../src/sync/sync-limits.ts'
import { suite } from './builders.ts'
import { witnessedMesh } from './record-builders.ts'

const set = witnessedMesh().empty
/** Long enough for the allowance of one neighbour to be there again. */
const LATER_MS = 2_000

test(
  'a challenge for which nobody had room goes on when another neighbour brings it',
  { tags: ['FRS-22'] },
  () => {
    const [first, second, last] = ['first', 'second', 'last'].map(
      (name) => new Neighbour(name, `did:${name}`, SYNC_LIMITS),
    )
    if (first === undefined || second === undefined || last === undefined) throw new Error('three')
    const neighbours = new Map([first, second, last].map((each) => [each.link, each]))
    const relay = new ChallengeRelay({ neighbours, random: suite, limits: SYNC_LIMITS })
    const brought = { nonce: 'u1', text: 'challenge', hops: 3 }
    const pass = (from: Neighbour, nowMs: number): readonly string[] => {
      relay.came(brought.nonce, from, nowMs)
      return relay.passOn(brought, from, { set, nowMs }).to.map(({ link }) => link)
    }
    for (const each of [second, last]) while (each.relays.take(0));
    expect(pass(first, 0)).toEqual([])
    expect(pass(second, LATER_MS).toSorted()).toEqual(['first', 'last'])
    expect(pass(last, LATER_MS)).toEqual([])
  },
)
