import type { Obligation } from '@warren/policy'
import { describe, expect, test } from 'vitest'
import { BELOW_DATA, callOf, engineOf, loadErrorOf, READ_FILE } from './tool-calls.ts'

const ALL: readonly Obligation[] = ['kill-session', 'quarantine-caller', 'tell-admin', 'approve']
const PERMIT = 'permit (principal, action, resource)'
const FORBID = 'forbid (principal, action, resource)'

describe('an obligation', () => {
  test.for([
    { rule: `@obligation("kill-session") ${FORBID};` },
    { rule: `@obligation("quarantine-caller") ${FORBID};` },
    { rule: `@obligation("tell-admin") ${FORBID};` },
    { rule: `@obligation("tell-admin") ${PERMIT};` },
    { rule: `@obligation("approve") ${PERMIT};` },
  ])('$rule loads where the node carries it out', { tags: ['POL-24'] }, ({ rule }) => {
    expect(loadErrorOf([rule], { obligations: ALL })).toBeUndefined()
    expect(loadErrorOf([rule])).toMatchObject({
      code: 'policy-invalid',
      place: { file: '0.cedar' },
      message: expect.stringContaining('this node does not carry out'),
    })
  })

  test.for([
    {
      rule: `@obligation("kill-sessions") ${FORBID};`,
      says: /one of kill-session, quarantine-caller/,
    },
    { rule: `@obligation("") ${FORBID};`, says: /one of/ },
    { rule: `@obligation ${FORBID};`, says: /one of/ },
    { rule: `@obligation("kill-session") ${PERMIT};`, says: /cannot stand on a permit/ },
    { rule: `@obligation("approve") ${FORBID};`, says: /cannot stand on a forbid/ },
  ])('$rule fails the load', { tags: ['POL-24'] }, ({ rule, says }) => {
    const error = loadErrorOf([rule], { obligations: ALL })
    expect(error).toMatchObject({ code: 'policy-invalid', place: { file: '0.cedar' } })
    expect(error).toHaveProperty('message', expect.stringMatching(says))
  })

  test('is in the decision that its rule made, once, and in no other', { tags: ['POL-24'] }, () => {
    const engine = engineOf(
      [
        `@obligation("approve") ${PERMIT} when { principal.enclave == "a" };
         @obligation("tell-admin") permit (principal, action, resource in Warren::Server::"fs");
         @obligation("approve") permit (principal, action, resource in Warren::Server::"fs");
         @obligation("kill-session") forbid (principal, action, resource == Warren::Tool::"fs/x");
         @obligation("tell-admin") forbid (principal, action, resource == Warren::Tool::"fs/x");`,
      ],
      { obligations: ALL },
    )
    const decide = (server: string, tool: string): object => {
      const caller = { did: 'did:x', roles: [], enclave: 'a' }
      return engine.decide(callOf({ caller, server, tool }))
    }
    expect(decide('fs', 'y')).toMatchObject({
      allowed: true,
      obligations: ['approve', 'tell-admin'],
    })
    expect(decide('db', 'y')).toMatchObject({ allowed: true, obligations: ['approve'] })
    expect(decide('fs', 'x')).toMatchObject({
      allowed: false,
      obligations: ['kill-session', 'tell-admin'],
    })
    expect(engine.decide(callOf({ server: 'db' }))).toMatchObject({
      reason: 'no-rule',
      obligations: [],
    })
  })
})

describe('what would be allowed', () => {
  const BELOW = `@id("below") @allowed("read_file below /data") permit (principal in Warren::Role::"operator", action == Warren::Action::"fs/read_file", resource)
    when { context.fact.path.dirs.contains("/data") };`
  const LIST =
    'permit (principal, action == Warren::Action::"list", resource in Warren::Server::"fs");'
  const OUTSIDE = callOf({
    input: { path: '/etc/passwd' },
    facts: { path: { ...BELOW_DATA, dirs: ['/', '/etc', '/etc/passwd'] } },
  })
  const HINT = '; "below" allows read_file below /data'
  const sentenceOf = (texts: readonly string[], request = OUTSIDE): string => {
    const decision = engineOf(texts, { tools: [READ_FILE] }).decide(request)
    return decision.allowed ? '' : decision.sentence
  }

  test('is told to a caller who may list the server', { tags: ['POL-25', 'POL-9'] }, () => {
    expect(sentenceOf([BELOW, LIST])).toBe(
      `refused: no rule allows did:webvh:QmA:warren.internal (roles operator) to call tool "fs/read_file"${HINT}`,
    )
  })

  test('is told to nobody else', { tags: ['POL-25'] }, () => {
    expect(sentenceOf([BELOW])).not.toContain('below')
    const hidden = 'forbid (principal, action == Warren::Action::"list", resource);'
    expect(sentenceOf([BELOW, LIST, hidden])).not.toContain('below')
  })

  test('is told only of permits for this caller and this tool', { tags: ['POL-25'] }, () => {
    const stranger = { did: 'did:x', roles: ['viewer'], enclave: '' }
    expect(sentenceOf([BELOW, LIST], { ...OUTSIDE, caller: stranger })).not.toContain('below')
    expect(sentenceOf([BELOW, LIST], callOf({ tool: 'write_file' }))).not.toContain('below')
    expect(
      sentenceOf([BELOW.replace('@allowed("read_file below /data")', ''), LIST]),
    ).not.toContain(';')
  })

  test('is told of three permits at most', { tags: ['POL-25'] }, () => {
    const four = [1, 2, 3, 4].map((number) => BELOW.replace('"below"', `"p${number}"`))
    expect(sentenceOf([...four, LIST])).toMatch(
      /"p1" allows .*; "p2" allows .*; "p3" allows [^;]*$/,
    )
  })

  test('is not told where a forbid or a flaw refuses', { tags: ['POL-25'] }, () => {
    const forbid =
      '@id("no") @reason("not now") forbid (principal, action, resource is Warren::Tool);'
    expect(sentenceOf([BELOW, LIST, forbid])).toBe('refused by policy "no": not now')
    expect(sentenceOf([BELOW, LIST], { ...OUTSIDE, input: {} })).not.toContain('below')
  })

  test(
    'is judged anew each time, though the refusal is remembered',
    { tags: ['POL-13', 'POL-25'] },
    () => {
      const never = BELOW.replace(/when .*/, 'when { principal.enclave == "none" };')
      const untilTen = `permit (principal, action == Warren::Action::"list", resource) when { context.at < datetime("2026-11-22T10:00:00Z") };`
      const engine = engineOf([never, untilTen], { tools: [READ_FILE] })
      expect(engine.decide({ ...OUTSIDE, atMs: OUTSIDE.atMs - 1 })).toMatchObject({
        sentence: expect.stringContaining(HINT),
      })
      expect(engine.decide(OUTSIDE)).toMatchObject({ sentence: expect.not.stringContaining(HINT) })
    },
  )

  test.for([
    { rule: `@allowed("x") ${FORBID};`, says: /@allowed belongs to a permit/ },
    { rule: `@allowed("a\\nb") ${PERMIT};`, says: /@allowed is one printable line/ },
    { rule: `@allowed("${'a'.repeat(301)}") ${PERMIT};`, says: /at most 300/ },
    { rule: `@allowed ${PERMIT};`, says: /@allowed is one printable line/ },
  ])('$rule fails the load', { tags: ['POL-4'] }, ({ rule, says }) => {
    expect(loadErrorOf([rule])).toHaveProperty('message', expect.stringMatching(says))
  })
})

describe('an explanation', () => {
  const NEAR = `@id("near") permit (principal, action == Warren::Action::"fs/read_file", resource)
    when { context.input has head && context.input.head <= 10 && context.fact.path.dirs.contains("/data") };`

  test('shows the values that the failing condition looks at', { tags: ['POL-12'] }, () => {
    const far = '@id("far") permit (principal, action == Warren::Action::"list", resource);'
    const engine = engineOf([far, NEAR], { tools: [READ_FILE] })
    const call = (head: number, path: object): ReturnType<typeof engine.explain> =>
      engine.explain(callOf({ input: { path: 'x', head }, facts: { path } }))
    expect(call(11, BELOW_DATA).nearest).toEqual({
      rule: 'near',
      conditionsHeld: 4,
      conditionCount: 6,
      failing: 'when { context.input.head <= 10 }',
      values: [{ name: 'context.input.head', value: '11' }],
    })
    expect(call(10, { ...BELOW_DATA, dirs: ['/', '/etc'] }).nearest).toMatchObject({
      conditionsHeld: 5,
      values: [{ name: 'context.fact.path.dirs', value: '["/","/etc"]' }],
    })
    const absent = engine.explain(callOf({ input: { path: 'x' }, facts: { path: BELOW_DATA } }))
    expect(absent.nearest).toMatchObject({ failing: 'when { context.input has head }', values: [] })
  })

  test('cuts a long value short', { tags: ['POL-12'] }, () => {
    const engine = engineOf([NEAR], { tools: [READ_FILE] })
    const dirs = Array.from({ length: 100 }, (_, index) => `/${index}`)
    const { nearest } = engine.explain(
      callOf({ input: { path: 'x', head: 1 }, facts: { path: { ...BELOW_DATA, dirs } } }),
    )
    expect(nearest?.values[0]?.value).toMatch(/^\["\/0",.*…$/)
    expect(nearest?.values[0]?.value).toHaveLength(201)
  })

  test('takes a permit on the same action, else any', { tags: ['POL-12'] }, () => {
    const other =
      '@id("other") permit (principal, action == Warren::Action::"list", resource in Warren::Server::"db");'
    const engine = engineOf([other, NEAR], { tools: [READ_FILE] })
    expect(engine.explain(callOf({ tool: undefined, action: 'list' })).nearest).toMatchObject({
      rule: 'other',
    })
    expect(engine.explain(callOf({ tool: 'write_file' })).nearest).toMatchObject({
      conditionsHeld: 0,
    })
    engine.retire()
    expect(engine.explain(callOf()).nearest).toBeUndefined()
  })
})
