import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { loadPolicies, retirePolicies } from '../../src/load-policies.ts'

const RULE = `@id("data") permit (principal, action == Warren::Action::"fs/read", resource)
when { context.fact.path.dirs.contains("/data") };`
const FACTS = 'fs/read:\n  path: { type: path, base: /data }\n'
const PINNED = JSON.stringify({
  tools: [
    {
      name: 'read',
      description: 'reads',
      inputSchema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
    },
  ],
})
const WHOLE = { 'data.cedar': RULE, 'facts.yaml': FACTS, 'tools/fs.json': PINNED }

function directoryOf(files: Readonly<Record<string, string>>): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-policies-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true, mode: 0o700 })
    writeFileSync(join(directory, name), text, { mode: 0o600 })
  }
  return directory
}

test(
  'rules, facts and pinned tools are one set, and each of them is part of its name',
  { tags: ['POL-26'] },
  () => {
    const whole = loadPolicies(directoryOf(WHOLE))
    expect(whole.engine.ruleCount).toBe(1)
    expect(whole.engine.opaque).toEqual([])
    expect(whole.files.map(({ name }) => name)).toEqual(Object.keys(WHOLE))
    const digests = [
      whole,
      loadPolicies(directoryOf({ ...WHOLE, 'data.cedar': `${RULE} ` })),
      loadPolicies(directoryOf({ ...WHOLE, 'facts.yaml': `${FACTS}#\n` })),
      loadPolicies(directoryOf({ ...WHOLE, 'tools/fs.json': `${PINNED}\n` })),
      loadPolicies(directoryOf({ ...WHOLE, 'tools/db.json': '{"tools":[]}' })),
    ].map(({ digest }) => digest)
    expect(new Set(digests).size).toBe(5)
    expect(loadPolicies(directoryOf(WHOLE)).digest).toBe(whole.digest)
  },
)

test(
  'what is pinned without a declaration, and declared without a pin, can be loaded',
  { tags: ['POL-26'] },
  () => {
    const open = 'permit (principal, action == Warren::Action::"fs/read", resource);'
    for (const part of [{ 'facts.yaml': FACTS }, { 'tools/fs.json': PINNED }]) {
      const files = { 'open.cedar': open, ...part }
      expect(loadPolicies(directoryOf(files)).engine.ruleCount).toBe(1)
    }
    // Neither: the action that the rule names does not exist.
    expect(() => loadPolicies(directoryOf({ 'open.cedar': open }))).toThrow(/^open\.cedar/)
  },
)

test.for<[string, Record<string, string>, RegExp]>([
  ['a name twice', { 'facts.yaml': 'a/b: {}\na/b: {}\n' }, /^facts\.yaml:2: /],
  ['an alias', { 'facts.yaml': 'a/b: &x {}\na/c: *x\n' }, /^facts\.yaml:2: aliases/],
  ['a list', { 'facts.yaml': '- a\n' }, /^facts\.yaml:1: /],
  ['no tool', { 'facts.yaml': '# none\nread: {}\n' }, /^facts\.yaml:2: "read"/],
  ['no kind', { 'facts.yaml': 'a/b:\n  x: { type: pat }\n' }, /^facts\.yaml:2: a\/b: x: the type/],
  [
    'another option',
    { 'facts.yaml': 'a/b:\n  y: { type: url }\n  x: { type: shell, n: 1 }\n' },
    /^facts\.yaml:3: /,
  ],
  ['too much', { 'facts.yaml': '#'.repeat(262_145) }, /^facts\.yaml: /],
  ['no JSON', { 'tools/fs.json': '{' }, /^tools\/fs\.json: the text is not JSON/],
  ['a bare list', { 'tools/fs.json': '[]' }, /^tools\/fs\.json: the file holds/],
  [
    'another member',
    { 'tools/fs.json': '{"tools":[],"more":1}' },
    /^tools\/fs\.json: the file holds/,
  ],
  ['no name', { 'tools/fs.json': '{"tools":[{"inputSchema":{}}]}' }, /tool 1 has no "name"/],
  ['no definition', { 'tools/fs.json': '{"tools":[{"name":"a"}]}' }, /"a" has no "inputSchema"/],
  [
    'a tool twice',
    { 'tools/fs.json': '{"tools":[{"name":"a","inputSchema":{}},{"name":"a","inputSchema":{}}]}' },
    /"a" stands here twice/,
  ],
  ['no server', { 'tools/FS.json': '{"tools":[]}' }, /^tools\/FS\.json: the file is named after/],
  [
    'a rule on what is not declared',
    { 'facts.yaml': FACTS.replace('path:', 'file:') },
    /^data\.cedar:2: /,
  ],
])(
  '%s fails the whole load, with the file and the line',
  { tags: ['POL-26'] },
  ([, part, message]) => {
    expect(() => loadPolicies(directoryOf({ ...WHOLE, ...part }))).toThrow(
      expect.objectContaining({ name: 'PolicyError', message: expect.stringMatching(message) }),
    )
  },
)

const SHOP = {
  'shop.cedar': `permit (principal, action == Warren::Action::"db/query", resource)
when { context.fact has sql && context.fact.sql.tables == ["main.orders"] };`,
  'facts.yaml': 'db/query:\n  sql: { type: sql, dialect: sqlite, schema: shop.sql }\n',
  'shop.sql': '-- What is sold.\nCREATE TABLE orders (id INTEGER PRIMARY KEY);\n',
}

test(
  'the schema that a declaration names is part of the set, and no other file of the kind is',
  { tags: ['FSQ-13', 'POL-26'] },
  async () => {
    const set = loadPolicies(directoryOf({ ...SHOP, 'other.sql': 'nonsense' }))
    expect(set.files.map(({ name }) => name)).toEqual(Object.keys(SHOP))
    const changed = loadPolicies(directoryOf({ ...SHOP, 'shop.sql': `${SHOP['shop.sql']}--\n` }))
    expect(changed.digest).not.toBe(set.digest)
    const call = { server: 'db', tool: 'query', args: { sql: 'SELECT id FROM orders' } }
    const reading = await set.layer.facts(call)
    expect(reading).toMatchObject({ status: 'known' })
    retirePolicies(set)
    // A database that is closed says nothing, so nothing is allowed.
    expect(await set.layer.facts(call)).toMatchObject({ code: 'fact-failure' })
    expect(await changed.layer.facts(call)).toEqual(reading)
  },
)

const TABLES = Array.from({ length: 5 }, (_, index) => `CREATE TABLE t${index} (a, b);`).join('\n')

test.for<[string, Record<string, string>, RegExp]>([
  [
    'no such file',
    { 'facts.yaml': SHOP['facts.yaml'].replace('shop.sql', 'no.sql') },
    /^facts\.yaml:2: no\.sql, which is declared/,
  ],
  [
    'no SQL',
    { 'shop.sql': 'nonsense' },
    /^shop\.sql:1: SQLite cannot make the schema: near "nonsense"/,
  ],
  [
    'a fault behind five tables',
    { 'shop.sql': `${TABLES}\n\n  CREATE TABEL x (a);\n` },
    /^shop\.sql:7: /,
  ],
  [
    'a table twice',
    { 'shop.sql': `${TABLES}\nCREATE TABLE t3 (c);\n` },
    /^shop\.sql:6: .*already exists/,
  ],
  ['another database', { 'shop.sql': "ATTACH 'other.db' AS other;" }, /^shop\.sql:1: /],
  ['a copy', { 'shop.sql': "CREATE TABLE a (b);\nVACUUM INTO 'copy.db';" }, /^shop\.sql:2: /],
  [
    'another dialect',
    { 'facts.yaml': SHOP['facts.yaml'].replace('sqlite', 'mysql') },
    /^facts\.yaml:2: db\/query: sql: the dialect/,
  ],
])(
  '%s fails the whole load, with the file and the line',
  { tags: ['FSQ-13', 'POL-26'] },
  ([, part, message]) => {
    expect(() => loadPolicies(directoryOf({ ...SHOP, ...part }))).toThrow(
      expect.objectContaining({ name: 'PolicyError', message: expect.stringMatching(message) }),
    )
  },
)

test('of a schema nobody else may be the author', { tags: ['FSQ-13', 'CFG-15'] }, () => {
  const directory = directoryOf(SHOP)
  chmodSync(join(directory, 'shop.sql'), 0o666)
  expect(() => loadPolicies(directory)).toThrow(expect.objectContaining({ code: 'policies-open' }))
})

test.for(['facts.yaml', 'tools/fs.json', 'tools'])(
  'of %s nobody else may be the author',
  { tags: ['CFG-15'] },
  (name) => {
    const directory = directoryOf(WHOLE)
    chmodSync(join(directory, name), name === 'tools' ? 0o777 : 0o666)
    expect(() => loadPolicies(directory)).toThrow(
      expect.objectContaining({ code: 'policies-open' }),
    )
  },
)
