import type { AlertBody } from '@warren/audit'
import { expect, test } from 'vitest'
import type { NodeEvent } from '../../../src/node-event.ts'
import { PolicyDesk } from '../../../src/policy/set/policy-desk.ts'
import { putPolicy } from '../policy-directory.ts'
import {
  HOUR_MS,
  MESH,
  NOW_MS,
  RULE,
  signedDirectory,
  SIGNERS,
  signNow,
} from './signed-directory.ts'

/** A store that outlives desks, and what was said. */
function site(): {
  readonly start: () => PolicyDesk
  readonly kept: { text: string | undefined }
  readonly time: { nowMs: number }
  readonly alerts: readonly Omit<AlertBody, 'kind'>[]
  readonly events: readonly NodeEvent[]
} {
  const kept: { text: string | undefined } = { text: undefined }
  const time = { nowMs: NOW_MS }
  const alerts: Omit<AlertBody, 'kind'>[] = []
  const events: NodeEvent[] = []
  const start = (): PolicyDesk =>
    new PolicyDesk({
      meshId: MESH,
      store: {
        read: () => kept.text,
        write: (text) => {
          kept.text = text
        },
      },
      clock: { wallMs: () => time.nowMs },
      report: (event) => events.push(event),
      alert: (alert) => alerts.push(alert),
    })
  return { start, kept, time, alerts, events }
}

const MEMBER = {
  caller: { did: 'did:a', roles: ['member'], enclave: 'main' },
  action: 'list',
  server: 'files',
  atMs: NOW_MS,
  credentials: [],
} as const

test('a set in force is described as it is signed', { tags: ['PST-10'] }, async () => {
  const { start } = site()
  const place = signedDirectory()
  signNow(place.policies, { version: 7 })
  const desk = start()
  const { digest } = await desk.start(place.config)
  expect(desk.describe()).toEqual({
    state: 'signed',
    name: 'lab',
    version: 7,
    digest,
    manifest: expect.stringMatching(/^zQm/),
    signers: SIGNERS.slice(0, 2).map(({ did }) => did),
    notAfter: '2026-11-22T11:00:00.000Z',
    trouble: null,
  })
  expect(desk.warnings()).toEqual([])
})

test('a directory without signers is called unsigned', { tags: ['PST-10'] }, async () => {
  const { policies } = signedDirectory()
  const desk = site().start()
  const { digest } = await desk.start({ policies })
  expect(desk.describe()).toEqual({ state: 'unsigned', digest, trouble: null })
})

test(
  'an older set does not return, nor another of the same version, over a restart too',
  { tags: ['PST-6', 'THR-51'] },
  async () => {
    const { start } = site()
    const place = signedDirectory()
    signNow(place.policies, { version: 2 })
    const first = start()
    await first.start(place.config)
    for (const version of [1, 2]) {
      putPolicy(place.policies, 'a.cedar', `${RULE}\n// ${version}`)
      signNow(place.policies, { version })
      for (const desk of [first, start()]) {
        await expect(desk.load(place.config)).rejects.toMatchObject({
          code: 'policy-set-rolled-back',
        })
      }
    }
    // The one that was in force, and a newer one, come into force after a restart.
    putPolicy(place.policies, 'a.cedar', RULE)
    for (const version of [2, 3]) {
      signNow(place.policies, { version })
      const desk = start()
      await desk.start(place.config)
      expect(desk.describe()).toMatchObject({ state: 'signed', version })
    }
    signNow(place.policies, { version: 2 })
    await expect(start().load(place.config)).rejects.toMatchObject({
      code: 'policy-set-rolled-back',
    })
  },
)

test(
  'a version counts from the moment at which it is written, not from when it is loaded',
  { tags: ['PST-6'] },
  async () => {
    const { start, kept } = site()
    const place = signedDirectory()
    signNow(place.policies, { version: 5 })
    const desk = start()
    const loaded = await desk.load(place.config)
    expect(kept.text).toBeUndefined()
    const order: (string | undefined)[] = []
    await desk.activate(loaded, async () => {
      order.push(kept.text)
    })
    expect(order).toEqual([expect.stringContaining('"version":5')])
  },
)

test('what cannot be written down does not come into force', { tags: ['PST-9'] }, async () => {
  const { start, alerts } = site()
  const place = signedDirectory()
  signNow(place.policies)
  const desk = start()
  await desk.start(place.config)
  signNow(place.policies, { version: 2 })
  const loaded = await desk.load(place.config)
  const full = new Error('the disk is full')
  await expect(
    desk.activate(loaded, async () => {
      throw full
    }),
  ).rejects.toBe(full)
  expect(desk.describe()).toMatchObject({ version: 1, trouble: { message: 'the disk is full' } })
  expect(alerts).toMatchObject([{ code: 'policy-set-refused' }])
  // Nothing of it is left to decide with.
  expect(loaded.engine.decide(MEMBER)).toMatchObject({ allowed: false, reason: 'engine-failure' })
})

test(
  'a set that is refused leaves the one before, and is told until one comes into force',
  { tags: ['PST-9'] },
  async () => {
    const { start, alerts, events } = site()
    const place = signedDirectory()
    signNow(place.policies)
    const desk = start()
    await desk.start(place.config)
    putPolicy(place.policies, 'b.cedar', RULE.replace('open', 'b'))
    await expect(desk.load(place.config)).rejects.toMatchObject({ code: 'policy-set-mismatch' })
    expect(desk.describe()).toMatchObject({
      state: 'signed',
      version: 1,
      trouble: { code: 'policy-set-mismatch' },
    })
    expect(desk.warnings()).toEqual([expect.stringMatching(/was not put in force: .*b\.cedar/)])
    expect(alerts).toMatchObject([{ code: 'policy-set-refused', severity: 'error' }])
    expect(events).toMatchObject([{ event: 'policy-set-refused', level: 'error' }])
    signNow(place.policies, { version: 2 })
    await desk.activate(await desk.load(place.config))
    expect(desk.describe()).toMatchObject({ version: 2, trouble: null })
    expect(desk.warnings()).toEqual([])
  },
)

test.for(['expired', 'altered', 'missing'])(
  'a node that starts with a set that is %s refuses everything',
  { tags: ['PST-9', 'PST-5'] },
  async (how) => {
    const { start, time, alerts } = site()
    const place = signedDirectory()
    if (how !== 'missing') signNow(place.policies)
    if (how === 'altered') putPolicy(place.policies, 'a.cedar', `${RULE} `)
    if (how === 'expired') time.nowMs = NOW_MS + HOUR_MS
    const desk = start()
    const set = await desk.start(place.config)
    expect(set.engine.decide(MEMBER)).toMatchObject({ allowed: false, reason: 'no-rule' })
    expect(desk.describe()).toMatchObject({ state: 'refuses everything' })
    expect(desk.warnings()[0]).toMatch(/every call to servers of this node is refused/)
    expect(alerts).toHaveLength(1)
  },
)

test(
  'a set that expires while it is in force goes on, with a warning',
  { tags: ['PST-5', 'PST-10'] },
  async () => {
    const { start, time } = site()
    const place = signedDirectory()
    signNow(place.policies)
    const desk = start()
    const set = await desk.start(place.config)
    time.nowMs = NOW_MS + HOUR_MS - 1
    expect(desk.warnings()).toEqual([])
    time.nowMs += 1
    expect(set.engine.decide(MEMBER).allowed).toBe(true)
    expect(desk.warnings()).toEqual([expect.stringContaining('has expired')])
  },
)

test(
  'without signers a fault at start ends the start, as it did',
  { tags: ['PST-9'] },
  async () => {
    const { policies } = signedDirectory({ 'a.cedar': 'permit (' })
    await expect(site().start().start({ policies })).rejects.toMatchObject({
      code: 'policy-malformed',
    })
  },
)

test(
  'what is remembered and cannot be read refuses every signed set',
  { tags: ['PST-6', 'THR-51'] },
  async () => {
    const { start, kept } = site()
    const place = signedDirectory()
    signNow(place.policies)
    kept.text = '{"lab":{"version":"1"}}'
    await expect(start().load(place.config)).rejects.toMatchObject({ code: 'policy-set-memory' })
  },
)
