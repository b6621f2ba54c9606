import { resolve } from 'node:path'
import { expect, test } from 'vitest'
import { type Config, parseConfig } from '../../src/config/load-config.ts'
import { restartNeeded } from '../../src/config/restart-needed.ts'

function config(text: string): Config {
  return { ...parseConfig(`name: lab\n${text}`), directory: resolve('/data') }
}

test.for([
  ['http: { enabled: true }', ['http']],
  ['http: { port: 7421 }', ['http']],
  ['listen: [/ip4/127.0.0.1/tcp/4002]', ['listen']],
  ['announce: [/ip4/10.0.0.7/tcp/4001]', ['announce']],
  ['peers: [/ip4/10.0.0.7/tcp/4001]', ['peers']],
  ['discovery: { lan: false }', ['discovery']],
  ['limits: { callsInboundMax: 255 }', ['limits']],
  ['audit: { segmentMiB: 1 }', ['audit']],
  ['keys: { passphraseFile: /run/passphrase }', ['keys']],
  ['peers: [/ip4/10.0.0.7/tcp/4001]\nhttp: { enabled: true }', ['http', 'peers']],
] as const)('%s waits for the next start, and is named', { tags: ['DMN-13'] }, ([text, keys]) => {
  expect(restartNeeded(config(''), config(text))).toEqual(keys)
  expect(restartNeeded(config(text), config(''))).toEqual(keys)
  expect(restartNeeded(config(text), config(text))).toEqual([])
})

test('servers, policies and receivers of the audit log do not wait', { tags: ['DMN-13'] }, () => {
  const changed = config(
    'policies: rules\nservers: { files: { command: node } }\naudit: { retention: { valuesDays: 30 }, export: [{ name: a, format: jsonl, transport: file, path: a }] }',
  )
  expect(restartNeeded(config(''), changed)).toEqual([])
})

test('a default that is written out is no change', { tags: ['DMN-13'] }, () => {
  expect(restartNeeded(config(''), config('http: { enabled: false, port: 7420 }'))).toEqual([])
})
