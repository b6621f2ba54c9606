import { nodeSuite } from '@warren/crypto'
import { describe, expect, test } from 'vitest'
import {
  asChosen,
  chooseDials,
  type ConnectedPeer,
  diversityOf,
  missedGoals,
  type PlacedPeer,
} from '../src/peer-diversity.ts'

const goals = { connections: 8, groups: 3 }

function peer(peerId: string, changed: Partial<PlacedPeer> = {}): PlacedPeer {
  return { peerId, enclave: 'hall', network: '192.0.2', isWitness: false, ...changed }
}

function peers(count: number, changed: Partial<PlacedPeer> = {}): readonly PlacedPeer[] {
  return Array.from({ length: count }, (_, index) =>
    peer(`${changed.network ?? 'p'}-${index}`, changed),
  )
}

function dialledIn(placed: PlacedPeer): ConnectedPeer {
  return { ...placed, isChosen: false }
}

function choose(connected: readonly ConnectedPeer[], candidates: readonly PlacedPeer[]) {
  return chooseDials({ connected, candidates, goals, random: nodeSuite })
}

describe('whom to dial next', { tags: ['NET-40'] }, () => {
  test.for([
    { chosen: 0, dialled: 8 },
    { chosen: 7, dialled: 1 },
    { chosen: 8, dialled: 0 },
    { chosen: 9, dialled: 0 },
  ])('$chosen are chosen already: $dialled more', ({ chosen, dialled }) => {
    const candidates = peers(20, { network: '192.0.2' })
    expect(choose(peers(chosen).map(asChosen), candidates)).toHaveLength(dialled)
  })

  test('whoever has dialled in counts for nothing, however many there are', () => {
    const attackers = [1, 2, 3, 4].flatMap((network) =>
      peers(5, { network: `198.51.${network}`, enclave: `e${network}` }),
    )
    expect(choose(attackers.map(dialledIn), peers(20))).toHaveLength(8)
  })

  test('eight of one network are not enough where two others can be had', () => {
    const near = peers(8).map(asChosen)
    const far = [...peers(5), peer('b', { network: '192.0.3' }), peer('c', { network: '192.0.4' })]
    expect(new Set(choose(near, far))).toEqual(new Set(['b', 'c']))
  })

  test('enclaves are as good as networks, and either three will do', () => {
    const near = [...peers(7), peer('x', { enclave: 'yard' })].map(asChosen)
    expect(choose(near, [peer('b', { enclave: 'gate' })])).toEqual(['b'])
    const wide = [...near, asChosen(peer('b', { enclave: 'gate' }))]
    expect(choose(wide, [peer('c', { enclave: 'roof', network: '192.0.9' })])).toEqual([])
  })

  test('two that together make three groups are both dialled, though neither does alone', () => {
    const near = [...peers(7), peer('x', { network: '192.0.3' })].map(asChosen)
    const candidates = [peer('b', { enclave: 'gate' }), peer('c', { enclave: 'yard' })]
    expect(new Set(choose(near, candidates))).toEqual(new Set(['b', 'c']))
  })

  test('a witness is dialled where none is connected, and first', () => {
    const near = peers(8).map(asChosen)
    const candidates = [...peers(5), peer('w', { isWitness: true })]
    expect(choose(near, candidates)).toEqual(['w'])
    expect(choose([...near, dialledIn(peer('v', { isWitness: true }))], candidates)).toEqual([])
    expect(choose([], candidates)[0]).toBe('w')
  })

  test('those of other groups come before more of the same', () => {
    const far = [1, 2, 3].map((number) => peer(`f${number}`, { network: `192.0.3${number}` }))
    const [first, second, third] = choose([], [...peers(30), ...far])
    expect([first, second, third].filter((name) => name?.startsWith('f'))).toHaveLength(2)
    expect(choose([], [...peers(30), ...far]).filter((name) => name.startsWith('f'))).toHaveLength(
      3,
    )
  })

  test('what has neither enclave nor network makes no group', () => {
    const nowhere = { enclave: undefined, network: undefined }
    expect(choose(peers(8).map(asChosen), peers(4, nowhere))).toEqual([])
    expect(diversityOf(peers(4, nowhere).map(asChosen))).toMatchObject({ enclaves: 0, networks: 0 })
  })

  test('chance decides between equals', () => {
    const first = Array.from({ length: 64 }, () => choose(peers(7).map(asChosen), peers(4)).join())
    expect(new Set(first).size).toBeGreaterThan(1)
  })
})

describe('what is missed', { tags: ['NET-44'] }, () => {
  test.for([0, 1, 2])('%i peers and nobody else: nothing, and nobody is dialled', (count) => {
    const connected = peers(count).map(asChosen)
    expect(missedGoals({ connected, candidates: [], goals })).toEqual(new Set())
    expect(choose(connected, [])).toEqual([])
  })

  test('connections, as long as somebody is left who could be dialled', () => {
    const candidates = peers(1)
    const missedWith = (count: number) =>
      missedGoals({ connected: peers(count).map(asChosen), candidates, goals })
    expect(missedWith(7)).toEqual(new Set(['connections']))
    expect(missedWith(8)).toEqual(new Set())
  })

  test('groups, as long as somebody is left who would add one', () => {
    const connected = peers(8).map(asChosen)
    const missedBy = (candidate: PlacedPeer) =>
      missedGoals({ connected, candidates: [candidate], goals })
    expect(missedBy(peer('b'))).toEqual(new Set())
    expect(missedBy(peer('b', { network: '192.0.3' }))).toEqual(new Set(['groups']))
  })
})
