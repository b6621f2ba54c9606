import { keepValue } from '@warren/audit'
import type { JsonValue } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { findSecrets, isSecretName } from '@warren/sentinel'
import { expect, test } from 'vitest'

const PASSWORD = 'p&ss; "w0rd", x1'

/** What is kept of a value, by the finder that a node has. */
function kept(value: JsonValue): string {
  const keeper = {
    suite,
    saltKey: new Uint8Array(32).fill(1),
    secrets: { findSecrets, isSecretName },
  }
  return keepValue({ keep: 'all', value }, 0, keeper)
    .bodies.map(({ text }) => text)
    .join('')
}

test.for([
  { where: 'text', value: { text: JSON.stringify({ user: 'a', password: PASSWORD }) } },
  {
    where: 'JSON in JSON in text',
    value: { text: JSON.stringify({ inner: JSON.stringify({ password: PASSWORD }) }) },
  },
  { where: 'a list in text', value: { text: JSON.stringify({ passwords: [PASSWORD] }, null, 2) } },
  { where: 'text that is a line', value: { text: `password: "${PASSWORD.replaceAll('"', "'")}"` } },
  { where: 'a list', value: { passwords: [PASSWORD] } },
  { where: 'an object', value: { secrets: { db: PASSWORD } } },
  { where: 'a numbered name', value: { password2: PASSWORD } },
  { where: 'a numbered token', value: { token1: PASSWORD } },
  { where: 'a short name', value: { pass: PASSWORD } },
])('nothing of a password in $where is kept', { tags: ['AUD-6'] }, ({ value }) => {
  const text = kept(value)
  expect(text).toContain('[secret:')
  for (const part of ['p&ss', 'w0rd', 'x1']) expect(text).not.toContain(part)
})

test.for([
  { text: 'pass: 12 tests, fail: 0' },
  { text: '{"passport":"X1234567","max_tokens":4096}' },
  { compass: 'north-east', tokens: 4096 },
])('%j is kept as it is', { tags: ['AUD-6'] }, (value) =>
  expect(JSON.parse(kept(value))).toEqual(value),
)
