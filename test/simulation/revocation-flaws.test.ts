import {
  type RecordSet,
  RecordSync,
  type RecordSyncInit,
  type SyncEffect,
  type SyncEvent,
} from '@warren/membership'
import { type Life, runSeeds } from '@warren/testkit'
import { describe, expect, test } from 'vitest'
import { theCast } from './records/cast.ts'
import { type KeptRecord, type RecordMachine } from './records/record-actor.ts'
import { revocation, revocationRun } from './scenarios/revocation.ts'

const NODES = 20
const SEEDS = 40

type CreateMachine = (init: RecordSyncInit, life: Life<KeptRecord>) => RecordMachine
type Handle = (event: SyncEvent, nowMs: number) => readonly SyncEffect[]

/** What is done wrong round the real machine. */
interface Flaw {
  readonly handle: Handle
  readonly set?: () => RecordSet | undefined
}

function flawed(init: RecordSyncInit, wrong: (handle: Handle) => Flaw): RecordMachine {
  const sync = new RecordSync(init)
  const flaw = wrong((event, nowMs) => sync.handle(event, nowMs))
  return {
    handle: flaw.handle,
    get set() {
      return flaw.set?.() ?? sync.set
    },
  }
}

/** What is found in a mesh of such machines. */
function finding(createMachine: CreateMachine): string {
  const { failure } = runSeeds({
    firstSeed: 1,
    seeds: SEEDS,
    untilMs: revocation.untilMs,
    build: (variation) => revocationRun(NODES, variation, { createMachine }).simulation,
    shrinkRunsMax: 0,
  })
  return failure?.violation.message ?? 'nothing'
}

describe('the revocation scenario', () => {
  test('finds nothing where nothing is wrong', { tags: ['SIM-16'] }, () => {
    expect(finding((init) => flawed(init, (handle) => ({ handle })))).toBe('nothing')
  })

  test('finds a node that passes on what is not durable yet', { tags: ['SIM-16'] }, () => {
    const early = (handle: Handle): Flaw => ({
      handle: (event, nowMs) => {
        const effects = event.type === 'stored' ? [] : handle(event, nowMs)
        const stores = effects.filter((effect) => effect.type === 'store')
        const more = stores.flatMap(({ batch }) => handle({ type: 'stored', batch }, nowMs))
        return [...effects, ...more]
      },
    })
    expect(finding((init) => flawed(init, early))).toMatch(
      /^n\d+ passed \w+ on before it was durable$/,
    )
  })

  test(
    'finds a node that forgets at its restart what it has passed on',
    { tags: ['SIM-16'] },
    () => {
      const forgetful: CreateMachine = (init, life) =>
        new RecordSync(life.boot === 1 ? init : { ...init, set: withoutNews(init.set) })
      expect(finding(forgetful)).toMatch(/^n\d+ passed \w+ on and forgot it$/)
    },
  )

  test('finds a node that settles before it has fetched the removals', { tags: ['SIM-16'] }, () => {
    const hasty = (handle: Handle): Flaw => ({
      handle: (event, nowMs) => {
        const effects = handle(event, nowMs)
        const isFirst = event.type === 'message' && effects.some(({ type }) => type === 'send')
        return isFirst ? [{ type: 'settle', link: event.link }, ...effects] : effects
      },
    })
    expect(finding((init) => flawed(init, hasty))).toMatch(
      /^n\d+ settled a connection without \w+$/,
    )
  })

  test('finds a node that believes an old membership', { tags: ['SIM-16'] }, () => {
    const { membership, known } = theCast()
    const gullible = (handle: Handle): Flaw => {
      let believed: RecordSet | undefined
      return {
        handle: (event, nowMs) => {
          const effects = handle(event, nowMs)
          believed = undefined
          if (event.type !== 'message' || !carries(event.bytes, membership)) return effects
          believed = known
          return [...effects, { type: 'changed', dids: 'all' }]
        },
        set: () => believed,
      }
    }
    expect(finding((init) => flawed(init, gullible))).toMatch(
      /^n\d+ accepts again whom it has refused$/,
    )
  })
})

function withoutNews(set: RecordSet): RecordSet {
  const { known } = theCast()
  return set.size > known.size ? known : set
}

function carries(bytes: Uint8Array, text: string): boolean {
  const message: { readonly texts?: readonly string[] } = JSON.parse(
    new TextDecoder().decode(bytes),
  )
  return message.texts?.includes(text) ?? false
}
