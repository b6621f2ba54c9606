import { POSTGRES_ATTEMPTS, POSTGRES_HONEST } from '@warren/testkit'
import { expect, test } from 'vitest'
import { loadPostgresParser, postgresFact } from '../../../src/index.ts'
import { verdict } from './seed-rule.ts'

const parser = await loadPostgresParser()
const rules = { searchPath: ['public'] }

function judge(sql: string): string {
  return verdict(() => postgresFact(parser, rules, sql))
}

test.for(POSTGRES_ATTEMPTS)('%s: %s', { tags: ['FSQ-1'] }, ([sql, expected]) => {
  expect(judge(sql)).toBe(expected)
})

test.for(POSTGRES_HONEST)('%s is allowed', { tags: ['FSQ-1'] }, (sql) => {
  expect(judge(sql)).toBe('allowed')
})
