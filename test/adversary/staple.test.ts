import { canonicalJson } from '@warren/core'
import {
  adminSigner,
  type AdminSigner,
  type Beacon,
  IdTrie,
  MembershipError,
  STAPLE_LENGTH_MAX,
  writeBeacon,
} from '@warren/membership'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { edited, HOUR_MS, NOW_MS, suite } from '../../packages/membership/test/builders.ts'
import {
  adminChange,
  enrolled,
  enrollerCredential,
  grant,
  idOf,
  person,
  pooled,
  revoked,
  signed,
  withAll,
  witnessedMesh,
} from '../../packages/membership/test/record-builders.ts'
import {
  stapleOf,
  stapleRefusal,
  verified,
  wordOf,
  wordsOf,
} from '../../packages/membership/test/staple-builders.ts'

/* Whoever carries a staple, holds every word that was ever said, or has the keys of fewer witnesses than it takes. */

interface LooseStaple {
  [key: string]: unknown
  changes: string[]
  membership: string
  enroller?: string
  charter: string
  witnesses: { beacon: string; proof: string }[]
}

const plant = witnessedMesh()
const [one, two, three] = plant.witnesses
const ann = grant(plant, person(0), { admins: plant.admins })
const ben = grant(plant, person(1))
const gate = adminSigner(person(5))
const credential = enrollerCredential(plant, { enroller: gate })
const guest = enrolled(plant, { enroller: gate, member: person(2) })
const change = adminChange(plant, { by: plant.admins, removeWitnesses: [three!.did] })
const known = withAll(plant.empty, ann.text, ben.text, credential, guest)
const changed = withAll(known, change)
const good = stapleOf(known, ann.did, { beacons: wordsOf(plant, known) })
const goodOfBen = stapleOf(known, ben.did, { beacons: wordsOf(plant, known) })
const goodOfGuest = stapleOf(known, person(2).did, { beacons: wordsOf(plant, known) })
const goodAfterChange = stapleOf(changed, ann.did, { beacons: wordsOf(plant, changed) })

function reading(text: string): LooseStaple {
  return JSON.parse(text) as LooseStaple
}

/** The staple with parts of it changed, in canonical form. */
function remade(text: string, alter: (staple: LooseStaple) => void): string {
  const staple = reading(text)
  alter(staple)
  return canonicalJson(staple as Parameters<typeof canonicalJson>[0])
}

/** What a witness says that says whatever it likes: of these members, at that time. */
function lie(
  witness: AdminSigner,
  entries: readonly string[],
  timeMs: number,
): LooseStaple['witnesses'][0] {
  const members = entries.reduce((trie, entry) => trie.with(entry), IdTrie.empty(suite))
  const beacon = writeBeacon({
    meshId: plant.charter.meshId,
    witness: witness.did,
    seq: 9,
    timeMs,
    nextByMs: 60_000,
    removalRoot: known.trie('removal').root,
    removalCount: 0,
    memberRoot: members.root,
    memberCount: members.count,
    checkpoint: undefined,
  })
  return { beacon: signed(beacon, [witness]), proof: members.prove(entries[0]!)! }
}

function entryOf({ did, id }: { readonly did: string; readonly id: string }): string {
  return `${did} ${id}`
}

test('what is altered here is good as it was', { tags: ['THR-34'] }, () => {
  for (const text of [good, goodOfBen, goodOfGuest, goodAfterChange]) {
    expect(stapleRefusal(plant, text)).toBeUndefined()
    expect(remade(text, () => undefined)).toBe(text)
  }
})

test(
  'one character changed anywhere makes a staple of nobody',
  { tags: ['THR-34', 'STP-1'] },
  () => {
    fc.assert(
      fc.property(
        fc.constantFrom(good, goodOfGuest, goodAfterChange),
        fc.nat(),
        fc.constantFrom('0', 'a', 'B', '"', ' ', 'é', ''),
        (text, position, character) => {
          const at = position % text.length
          const altered = `${text.slice(0, at)}${character}${text.slice(at + 1)}`
          fc.pre(altered !== text)
          expect(stapleRefusal(plant, altered)).toMatch(/^staple-/)
        },
      ),
      { numRuns: 300 },
    )
  },
)

test('whatever the bytes, the end is a coded refusal', { tags: ['THR-34', 'STP-1'] }, () => {
  const json = fc.json({ maxDepth: 4 })
  fc.assert(
    fc.property(fc.oneof(fc.string(), json), (text) => {
      expect(stapleRefusal(plant, text)).toBe('staple-malformed')
    }),
  )
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(reading(goodOfGuest))),
      fc.jsonValue({ maxDepth: 3 }),
      (key, value) => {
        const altered = JSON.stringify({ ...reading(goodOfGuest), [key]: value })
        fc.pre(altered !== goodOfGuest)
        expect(stapleRefusal(plant, altered)).toMatch(/^staple-/)
      },
    ),
  )
  expect(stapleRefusal(plant, 'x'.repeat(STAPLE_LENGTH_MAX))).toBe('staple-malformed')
  expect(stapleRefusal(plant, 'x'.repeat(STAPLE_LENGTH_MAX + 1))).toBe('staple-too-large')
})

const other = witnessedMesh({ witnesses: 2 })
const otherSet = withAll(other.empty, grant(other, person(0)).text)
const goodOfOther = stapleOf(otherSet, person(0).did, { beacons: wordsOf(other, otherSet) })

describe('a staple is refused', () => {
  test.for<{ what: string; text: () => string; code: string }>([
    {
      what: 'with a member more, such as a key log of its bearer',
      text: () => remade(good, (staple) => void (staple['log'] = person(0).log.text)),
      code: 'staple-malformed',
    },
    { what: 'of another mesh', text: () => goodOfOther, code: 'staple-foreign' },
    {
      what: 'of another mesh under the name of this one',
      text: () => remade(goodOfOther, (staple) => void (staple['mesh'] = plant.charter.meshId)),
      code: 'staple-unproved',
    },
    {
      what: 'with the charter of another mesh',
      text: () => remade(good, (staple) => void (staple.charter = other.charter.text)),
      code: 'staple-unproved',
    },
    {
      what: 'with the words of the witnesses of another mesh',
      text: () =>
        remade(good, (staple) => void (staple.witnesses = reading(goodOfOther).witnesses)),
      code: 'staple-unproved',
    },
    {
      what: 'with the membership of somebody else',
      text: () => remade(good, (staple) => void (staple.membership = ben.text)),
      code: 'staple-unproved',
    },
    {
      what: 'with the proofs of somebody else',
      text: () => remade(good, (staple) => void (staple.witnesses = reading(goodOfBen).witnesses)),
      code: 'staple-unproved',
    },
    {
      what: 'with a membership of the same DID that no witness names',
      text: () =>
        remade(good, (staple) => {
          staple.membership = grant(plant, person(0), { roles: ['boss'] }).text
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with one of the two proofs of an admin',
      text: () =>
        remade(good, (staple) => {
          staple.membership = edited(staple.membership, ({ proof }) => void proof.pop())
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with one of the two proofs of a witness',
      text: () =>
        remade(good, ({ witnesses }) => {
          witnesses[1]!.beacon = edited(witnesses[1]!.beacon, ({ proof }) => void proof.pop())
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with one word too few',
      text: () => remade(good, ({ witnesses }) => void witnesses.pop()),
      code: 'staple-unproved',
    },
    {
      what: 'with no word',
      text: () => remade(good, (staple) => void (staple.witnesses = [])),
      code: 'staple-unproved',
    },
    {
      what: 'with one word too many',
      text: () => {
        const third = stapleOf(known, ann.did, {
          beacons: [wordOf(known, two!), wordOf(known, three!)],
        })
        return remade(good, ({ witnesses }) => void witnesses.push(reading(third).witnesses[1]!))
      },
      code: 'staple-unproved',
    },
    {
      what: 'with one word twice',
      text: () => remade(good, ({ witnesses }) => void (witnesses[1] = witnesses[0]!)),
      code: 'staple-unproved',
    },
    {
      what: 'with two words of one witness',
      text: () =>
        remade(good, ({ witnesses }) => {
          const [first] = reading(
            stapleOf(known, ann.did, {
              beacons: [wordOf(known, one!, NOW_MS + HOUR_MS), wordOf(known, two!)],
            }),
          ).witnesses
          witnesses[0] = first!
          witnesses[1] = reading(good).witnesses.find(({ beacon }) =>
            beacon.includes(`"witness":"${one!.did}"`),
          )!
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with the word of an admin',
      text: () =>
        remade(good, ({ witnesses }) => {
          witnesses[1] = lie(plant.admins[0]!, [entryOf(ann)], NOW_MS)
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with the word of a witness that the change in it removes',
      text: () =>
        remade(goodAfterChange, ({ witnesses }) => {
          witnesses[1] = lie(three!, [entryOf(ann)], NOW_MS)
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with a change twice',
      text: () => remade(goodAfterChange, ({ changes }) => void changes.push(changes[0]!)),
      code: 'staple-malformed',
    },
    {
      what: 'with a rival of its change',
      text: () =>
        remade(goodAfterChange, ({ changes }) => {
          changes.push(adminChange(plant, { by: plant.admins, removeWitnesses: [two!.did] }))
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with a change that too few have signed',
      text: () =>
        remade(good, ({ changes }) => {
          const mine = adminSigner(pooled(9))
          changes.push(
            adminChange(plant, {
              by: plant.admins,
              addWitnesses: [mine],
              signers: plant.admins.slice(1),
            }),
          )
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with a change that rests on nothing',
      text: () =>
        remade(good, ({ changes }) => {
          changes.push(adminChange(plant, { by: plant.admins, prev: idOf(change), k: 1 }))
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with something else among its changes',
      text: () => remade(good, ({ changes }) => void changes.push(credential)),
      code: 'staple-unproved',
    },
    {
      what: 'of who was enrolled without the enroller',
      text: () => remade(goodOfGuest, (staple) => void delete staple.enroller),
      code: 'staple-unproved',
    },
    {
      what: 'with an enroller beside a membership of the admins',
      text: () => remade(good, (staple) => void (staple.enroller = credential)),
      code: 'staple-unproved',
    },
    {
      what: 'with an enroller that one admin made',
      text: () =>
        remade(goodOfGuest, (staple) => {
          const alone = { ...plant, charter: { ...plant.charter, k: 1 } }
          staple.enroller = enrollerCredential(alone, { enroller: gate })
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with an enroller that may not admit this member',
      text: () =>
        remade(goodOfGuest, (staple) => {
          staple.enroller = enrollerCredential(plant, { enroller: gate, roles: ['guest'] })
        }),
      code: 'staple-unproved',
    },
    {
      what: 'with a membership in the place of its enroller',
      text: () => remade(goodOfGuest, (staple) => void (staple.enroller = ann.text)),
      code: 'staple-unproved',
    },
  ])('$what', { tags: ['THR-34', 'STP-1', 'STP-2', 'STP-3'] }, ({ text, code }) => {
    expect(stapleRefusal(plant, text())).toBe(code)
  })
})

test(
  'of somebody whom no admin admitted not even all witnesses make a member',
  { tags: ['THR-34', 'STP-2'] },
  () => {
    const alone = { ...plant, charter: { ...plant.charter, k: 1 } }
    const forged = grant(alone, person(3))
    const text = remade(good, (staple) => {
      staple.membership = forged.text
      staple.witnesses = [one!, two!].map((witness) => lie(witness, [entryOf(forged)], NOW_MS))
    })
    expect(stapleRefusal(plant, text)).toBe('staple-unproved')
  },
)

test(
  'after a removal one hostile witness and every word that was ever said make nothing new',
  { tags: ['THR-34', 'STP-6'] },
  () => {
    const removedMs = NOW_MS + HOUR_MS
    const after = withAll(known, revoked(plant, person(0)))
    const earlier = [0, 20, 40].map((minutes) => NOW_MS + minutes * 60_000)
    const old = [one!, two!].flatMap((witness) =>
      earlier.map((timeMs) => wordOf(known, witness, timeMs)),
    )
    const since = [one!, two!].map((witness) => wordOf(after, witness, removedMs + 60_000))
    // Every proof that ever was one, and those that the hostile one makes for itself.
    const words = [...old, ...since]
    const proofs = [...reading(good).witnesses.map(({ proof }) => proof), '']
    fc.assert(
      fc.property(
        fc.constantFrom(...words),
        fc.constantFrom(...proofs),
        fc.integer({ min: -60, max: 6_000 }),
        (word: Beacon, proof, minutes) => {
          const hostile = lie(three!, [entryOf(ann)], removedMs + minutes * 60_000)
          const honest = { beacon: word.text, proof }
          const text = remade(good, (staple) => void (staple.witnesses = [hostile, honest]))
          const outcome = outcomeOf(text)
          if (typeof outcome === 'number') expect(outcome).toBeLessThan(removedMs)
          else expect(outcome).toBe('staple-unproved')
          if (since.includes(word)) expect(outcome).toBe('staple-unproved')
        },
      ),
      { numRuns: 200 },
    )
    // With kw keys of witnesses it is otherwise: that is what a mesh trusts.
    const colluding = remade(good, (staple) => {
      staple.witnesses = [two!, three!].map((each) =>
        lie(each, [entryOf(ann)], removedMs + HOUR_MS),
      )
    })
    expect(outcomeOf(colluding)).toBe(removedMs + HOUR_MS)
  },
)

function outcomeOf(text: string): number | string {
  try {
    return verified(plant, text).asOfMs
  } catch (error) {
    if (error instanceof MembershipError) return error.code
    throw error
  }
}
