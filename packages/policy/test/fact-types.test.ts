import { expect, test } from 'vitest'
import type { PathFact, PathsFact } from '../src/facts/path/path-fact.ts'
import { joinPathFacts } from '../src/facts/path/path-fact.ts'
import { readJson } from '../src/facts/json/read-json.ts'
import { readRegex } from '../src/facts/regex/read-regex.ts'
import { readShell } from '../src/facts/shell/read-shell.ts'
import { postgresFact } from '../src/facts/sql/postgres-facts.ts'
import { loadPostgresParser } from '../src/facts/sql/postgres-parser.ts'
import type { UrlFact } from '../src/facts/url/url-fact.ts'
import { joinUrlFacts } from '../src/facts/url/url-fact.ts'
import type { FactType } from '../src/facts/fact-type.ts'
import { BELOW_DATA, callOf, engineOf } from './tool-calls.ts'

const PATH: PathFact = { ...BELOW_DATA, ok: true }
const { extension: _, ...unextended } = PATH
const PATHS: PathsFact = joinPathFacts([PATH, unextended])
const URL: UrlFact = {
  ok: true,
  scheme: 'https',
  host: 'a.internal',
  path: '/',
  hasCredentials: false,
}
const KNOWN: UrlFact = {
  ...URL,
  port: 443,
  addresses: ['10.0.0.1'],
  isPrivate: true,
  isLoopback: false,
  isLinkLocal: false,
}

const parser = await loadPostgresParser()
const RULES = { searchPath: ['public'] }

test.for<[FactType, object]>([
  ['path', PATH],
  ['path', unextended],
  ['paths', PATHS],
  ['paths', joinPathFacts([])],
  ['url', URL],
  ['url', KNOWN],
  ['urls', joinUrlFacts([KNOWN])],
  ['urls', joinUrlFacts([URL])],
  ['sql', postgresFact(parser, RULES, 'SELECT 1')],
  ['sql', postgresFact(parser, RULES, 'SELECT upper(o.a) FROM o LIMIT 5 OFFSET 1')],
  ['sql', postgresFact(parser, RULES, 'WITH d AS (DELETE FROM o RETURNING *) TABLE d')],
  ['shell', readShell('ls -l /data')],
  ['shell', readShell('ls $(id) | tee x > y')],
  ['regex', readRegex('^a+$')],
  ['json', readJson('{"a":1}')],
])('a fact of the type %s is one that rules can read: %j', { tags: ['POL-20'] }, ([type, fact]) => {
  const engine = engineOf(
    [
      'permit (principal, action == Warren::Action::"fs/tool", resource) when { context.fact has x };',
    ],
    { tools: [{ server: 'fs', name: 'tool', facts: { x: type } }] },
  )
  const call = callOf({ tool: 'tool', facts: { x: fact } })
  expect(engine.decide(call)).toMatchObject({ allowed: true })
  expect(engine.decide({ ...call, facts: { x: { ...fact, ok: 'yes' } } })).toMatchObject({
    reason: 'engine-failure',
  })
})
