import { expect, test } from 'vitest'
import { exportSchema } from '../../../src/audit/export/export-config.ts'

const TCP = { name: 'siem', format: 'syslog', transport: 'tcp', host: '127.0.0.1', port: 514 }
const TLS = {
  name: 'siem',
  format: 'ocsf',
  transport: 'tls',
  host: 'siem.plant',
  port: 6514,
  ca: 'ca.crt',
}

test.for([
  [TCP],
  [{ ...TCP, host: '127.8.9.10' }],
  [{ ...TCP, host: '::1' }],
  [{ ...TCP, host: 'localhost' }],
  [{ ...TCP, host: '10.0.0.9', cleartext: true }],
  [{ ...TCP, transport: 'relp', format: 'cef' }],
  [TLS],
  [{ ...TLS, cert: 'node.crt', key: 'node.key', serverName: 'siem' }],
  [{ ...TLS, transport: 'relp-tls', format: 'syslog' }],
  [{ name: 'file', format: 'jsonl', transport: 'file', path: 'export.jsonl' }],
  [TCP, { ...TCP, name: 'b' }],
])('these targets are taken: %j', { tags: ['AEX-8', 'THR-40'] }, (...targets) => {
  const [list] = targets
  expect(exportSchema.parse(list)).toEqual(list)
})

test.for<[string, readonly object[]]>([
  ['is not encrypted', [{ ...TCP, host: '10.0.0.9' }]],
  ['is not encrypted', [{ ...TCP, host: '127.0.0.1.example' }]],
  ['is not encrypted', [{ ...TCP, host: 'siem.plant', cleartext: false }]],
  ['is not encrypted', [{ ...TCP, transport: 'relp', host: '0.0.0.0' }]],
  ['go together', [{ ...TLS, cert: 'node.crt' }]],
  ['go together', [{ ...TLS, key: 'node.key' }]],
  ['ca', [{ ...TLS, ca: undefined }]],
  ['cleartext', [{ ...TLS, cleartext: true }]],
  ['two targets of one name', [TCP, { ...TLS }]],
  ['format', [{ ...TCP, transport: 'relp', format: 'ocsf' }]],
  ['transport', [{ ...TCP, transport: 'udp' }]],
  ['hots', [{ ...TCP, hots: 'x' }]],
  ['port', [{ ...TCP, port: 0 }]],
  ['port', [{ ...TCP, port: 65_536 }]],
  ['name', [{ ...TCP, name: '../siem' }]],
  ['name', [{ ...TCP, name: 'a'.repeat(33) }]],
  ['host', [{ ...TCP, host: 'a b' }]],
  ['', Array.from({ length: 17 }, (_, at) => ({ ...TCP, name: `t${at}` }))],
])('a target that is wrong (%s) is refused', { tags: ['AEX-8', 'THR-40'] }, ([word, targets]) => {
  const { success, error } = exportSchema.safeParse(targets)
  expect(success).toBe(false)
  expect(JSON.stringify(error?.issues)).toContain(word)
})

test('sixteen targets are the most', { tags: ['AEX-8', 'THR-40'] }, () => {
  const targets = Array.from({ length: 16 }, (_, at) => ({ ...TCP, name: `t${at}` }))
  expect(exportSchema.parse(targets)).toHaveLength(16)
})
