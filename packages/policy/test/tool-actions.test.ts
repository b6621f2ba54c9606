import { describe, expect, test } from 'vitest'
import { BELOW_DATA, callOf, engineOf, loadErrorOf, QUERY, READ_FILE } from './tool-calls.ts'

const CALLS = '@id("calls") permit (principal, action in Warren::Action::"call", resource);'
const READ_ALONE =
  '@id("read") permit (principal, action == Warren::Action::"fs/read_file", resource);'
const TOOLS = { tools: [READ_FILE, QUERY] }
const READ = callOf({ input: { path: 'pumps/7.md' }, facts: { path: BELOW_DATA } })
const UNDEFINED_TOOL = callOf({ tool: 'write_file' })
const SELECT = {
  ok: true,
  kind: 'select',
  statements: 1,
  limit: 10,
  tables: ['public.orders'],
  columns: [],
  functions: ['count'],
  writes: false,
  locks: false,
  into: false,
  recursive: false,
  collapses: false,
  unsafe: false,
}

describe('a tool that is defined', () => {
  test('is an action of its own, and in the group of all calls', { tags: ['POL-14'] }, () => {
    expect(engineOf([READ_ALONE], TOOLS).decide(READ)).toMatchObject({ rule: 'read' })
    expect(engineOf([CALLS], TOOLS).decide(READ)).toMatchObject({ rule: 'calls' })
    const other = callOf({
      server: 'db',
      tool: 'query',
      input: { sql: '' },
      facts: { sql: SELECT },
    })
    expect(engineOf([READ_ALONE], TOOLS).decide(other).allowed).toBe(false)
    expect(engineOf([CALLS], TOOLS).decide(other).allowed).toBe(true)
  })

  test('leaves the others as they were', { tags: ['POL-14'] }, () => {
    expect(engineOf([CALLS], TOOLS).decide(UNDEFINED_TOOL).allowed).toBe(true)
    expect(engineOf([READ_ALONE], TOOLS).decide(UNDEFINED_TOOL).allowed).toBe(false)
    const whole = callOf({ tool: undefined })
    expect(engineOf([CALLS], TOOLS).decide(whole).allowed).toBe(true)
    expect(engineOf([READ_ALONE], TOOLS).decide(whole).allowed).toBe(false)
    expect(engineOf([CALLS], TOOLS).decide({ ...whole, action: 'list' }).allowed).toBe(false)
  })

  test('is not there where nothing is known of it', { tags: ['POL-14'] }, () => {
    expect(loadErrorOf([`\n${READ_ALONE}`])).toMatchObject({
      code: 'policy-invalid',
      place: { file: '0.cedar', line: 2 },
      message: expect.stringContaining('unrecognized action `Warren::Action::"fs/read_file"`'),
    })
  })
})

test.for([
  { how: 'the head', rule: 'permit (principal, action == Warren::Action::"call", resource);' },
  {
    how: 'a condition',
    rule: 'permit (principal, action, resource) when { action == Warren::Action::"call" };',
  },
  {
    how: 'a negated condition',
    rule: 'forbid (principal, action, resource) unless { action != Warren::Action::"call" };',
  },
  {
    how: 'a set that contains it',
    rule: 'permit (principal, action, resource) when { [Warren::Action::"call"].contains(action) };',
  },
  {
    how: 'a record',
    rule: 'permit (principal, action, resource) when { {a: Warren::Action::"call"} == {a: action} };',
  },
])('a rule that compares with "call" in $how fails the load', { tags: ['POL-14'] }, ({ rule }) => {
  const error = loadErrorOf([`// first\n\n@id("old") ${rule}`], TOOLS)
  expect(error).toMatchObject({
    code: 'policy-invalid',
    place: { file: '0.cedar', line: 3 },
    message: expect.stringMatching(/^0\.cedar:3: old: .* write: action in Warren::Action::"call"$/),
  })
})

test.for([
  'permit (principal, action in Warren::Action::"call", resource);',
  'permit (principal, action in [Warren::Action::"call", Warren::Action::"list"], resource);',
  'permit (principal, action, resource) when { action in Warren::Action::"call" };',
  'permit (principal, action, resource) unless { action in [Warren::Action::"call", Warren::Action::"read"] };',
  'permit (principal, action == Warren::Action::"list", resource);',
  'permit (principal, action, resource) when { principal.enclave == "call" };',
])('%s loads', { tags: ['POL-14'] }, (rule) => {
  expect(loadErrorOf([rule], TOOLS)).toBeUndefined()
})

const read = (condition: string): string =>
  `permit (principal, action == Warren::Action::"fs/read_file", resource)\nwhen { ${condition} };`

describe('a name that does not exist', () => {
  test.for([
    {
      what: 'parameter',
      condition: 'context.input.paht == "x"',
      says: /input\.paht.*fs\/read_file/,
    },
    { what: 'fact', condition: 'context.fact.file.ok', says: /fact\.file.*fs\/read_file/ },
    { what: 'part of a fact', condition: 'context.fact.path.size == 1', says: /fact\.path\.size/ },
    { what: 'session', condition: 'context.session.sameCall > 3', says: /session/ },
    { what: 'state of the tool', condition: 'context.tool.pinned', says: /tool/ },
    { what: 'credential', condition: 'context.credentials.contains("x")', says: /credentials/ },
  ])('a $what fails the load', { tags: ['POL-15'] }, ({ condition, says }) => {
    const error = loadErrorOf(['// fine', `\n${read(condition)}`], TOOLS)
    expect(error).toMatchObject({ code: 'policy-invalid', place: { file: '1.cedar', line: 3 } })
    expect(error).toHaveProperty('message', expect.stringMatching(says))
  })

  test('or a type that is another one', { tags: ['POL-15'] }, () => {
    expect(loadErrorOf([read('context.input.path == 3')], TOOLS)).toMatchObject({
      place: { line: 2 },
    })
    expect(loadErrorOf([read('context.fact.path.hardlinks == "1"')], TOOLS)).toMatchObject({
      place: { line: 2 },
    })
  })

  test('or one that only other calls have, in a rule on all', { tags: ['POL-15'] }, () => {
    const onAll = (condition: string): string =>
      `permit (principal, action in Warren::Action::"call", resource) when { ${condition} };`
    expect(loadErrorOf([onAll('context.input.path == "x"')], TOOLS)).toMatchObject({
      code: 'policy-invalid',
    })
    const guarded = onAll(
      'context has input && context.input has path && context.input.path == "x"',
    )
    expect(loadErrorOf([guarded], TOOLS)).toBeUndefined()
  })

  test('or one that may be absent, without asking', { tags: ['POL-15'] }, () => {
    expect(loadErrorOf([read('context.input.head <= 10')], TOOLS)).toMatchObject({
      message: expect.stringContaining('context.input has head'),
    })
    expect(
      loadErrorOf([read('context.input has head && context.input.head <= 10')], TOOLS),
    ).toBeUndefined()
  })

  test('is told apart from one that cannot be read', { tags: ['POL-15', 'POL-16'] }, () => {
    const tool = {
      server: 'fs',
      name: 'read_file',
      inputSchema: { type: 'object', properties: { options: { type: 'object' } } },
    }
    expect(loadErrorOf([read('context.input.options == "x"')], { tools: [tool] })).toMatchObject({
      message: expect.stringContaining(
        'rules cannot read "options" of fs/read_file: its fields are not listed',
      ),
    })
  })
})

test('what is supplied can be named, and then is needed', { tags: ['POL-15', 'POL-20'] }, () => {
  const session = {
    sameCall: 4,
    pingPong: 0,
    errors: 0,
    calls: 9,
    fanOut: 1,
    bytesIn: 10,
    bytesOut: 10,
    concurrent: 1,
    secretRead: true,
  }
  const careful = engineOf(
    [
      CALLS,
      `@id("loop") forbid (principal, action, resource) when { context.session.sameCall >= 5 };
       @id("taint") forbid (principal, action, resource) when { !context.session.secretRead };
       @id("rug-pull") forbid (principal, action in Warren::Action::"call", resource) unless { context.tool.pinned };
       @id("badge") forbid (principal, action, resource) unless { context.credentials.contains("Badge") };`,
    ],
    {
      ...TOOLS,
      supplies: ['session', 'tool', 'credentials'],
      past: new Map([['secretRead', 'truth']]),
    },
  )
  const known = {
    ...READ,
    session,
    toolState: { pinned: true, confinement: 'namespaces' },
    credentials: ['Badge'],
  }
  expect(careful.decide(known).allowed).toBe(true)
  for (const [changes, rule] of [
    [{ session: { ...session, sameCall: 5 } }, 'loop'],
    [{ session: { ...session, secretRead: false } }, 'taint'],
    [{ toolState: { pinned: false, confinement: 'namespaces' } }, 'rug-pull'],
    [{ credentials: [] }, 'badge'],
  ] as const) {
    expect(careful.decide({ ...known, ...changes })).toMatchObject({ reason: 'denied', rule })
  }
  for (const missing of ['session', 'toolState', 'credentials'] as const) {
    expect(careful.decide({ ...known, [missing]: undefined })).toMatchObject({
      allowed: false,
      reason: 'facts-mismatch',
    })
  }
})

describe('facts', () => {
  const BELOW = read(
    'context.fact.path.ok && context.fact.path.dirs.contains("/data") && !context.fact.path.special',
  )
  const fs = engineOf([BELOW], TOOLS)
  const withFact = (fact: object): ReturnType<typeof fs.decide> =>
    fs.decide({ ...READ, facts: { path: fact } })

  test('of an argument decide', { tags: ['POL-15', 'POL-20'] }, () => {
    expect(withFact(BELOW_DATA).allowed).toBe(true)
    expect(withFact({ ...BELOW_DATA, special: true }).allowed).toBe(false)
    expect(withFact({ ...BELOW_DATA, dirs: ['/', '/data-evil'] }).allowed).toBe(false)
  })

  test('that are missing, strange or of another type refuse', { tags: ['POL-20'] }, () => {
    const mismatch = { allowed: false, reason: 'facts-mismatch' }
    expect(fs.decide({ ...READ, facts: undefined })).toMatchObject(mismatch)
    expect(fs.decide({ ...READ, facts: { path: BELOW_DATA, other: BELOW_DATA } })).toMatchObject(
      mismatch,
    )
    for (const odd of [null, undefined, 0.5, 2 ** 53, {}, [1], 1n, () => 'x']) {
      expect(withFact({ ...BELOW_DATA, hardlinks: odd })).toMatchObject(mismatch)
    }
    const failure = { allowed: false, reason: 'engine-failure' }
    expect(withFact({ ...BELOW_DATA, hardlinks: 'one' })).toMatchObject(failure)
    expect(withFact({ ...BELOW_DATA, more: true })).toMatchObject(failure)
    const { special: _, ...lacking } = BELOW_DATA
    expect(withFact(lacking)).toMatchObject(failure)
  })

  test(
    'of an argument that may be absent are asked for by has',
    { tags: ['POL-15', 'POL-20'] },
    () => {
      const declared = {
        tools: [{ server: 'fs', name: 'read_file', facts: { path: 'path' as const } }],
      }
      expect(loadErrorOf([BELOW], declared)).toMatchObject({
        message: expect.stringContaining('optional attribute'),
      })
      const asking = engineOf(
        [read('context.fact has path && context.fact.path.dirs.contains("/data")')],
        declared,
      )
      expect(asking.decide(READ).allowed).toBe(true)
      expect(asking.decide({ ...READ, facts: {} })).toMatchObject({ reason: 'no-rule' })
    },
  )

  test('make the seed rule of a database', { tags: ['POL-20'] }, () => {
    const db = engineOf(
      [
        `permit (principal, action == Warren::Action::"db/query", resource in Warren::Server::"db")
         when { context.fact.sql.ok && context.fact.sql.kind == "select" && context.fact.sql.statements == 1
           && context.fact.sql has limit && context.fact.sql.limit <= 10
           && ["public.orders", "public.items"].containsAll(context.fact.sql.tables)
           && ["count", "sum"].containsAll(context.fact.sql.functions) && !context.fact.sql.unsafe };`,
      ],
      TOOLS,
    )
    const allows = (sql: object): boolean =>
      db.decide(callOf({ server: 'db', tool: 'query', input: { sql: 'x' }, facts: { sql } }))
        .allowed
    const { limit: _, ...unlimited } = SELECT
    expect(allows(SELECT)).toBe(true)
    expect(allows({ ...SELECT, limit: 11 })).toBe(false)
    expect(allows(unlimited)).toBe(false)
    expect(allows({ ...SELECT, tables: ['public.orders', 'public.secrets'] })).toBe(false)
    expect(allows({ ...SELECT, unsafe: true })).toBe(false)
  })
})
