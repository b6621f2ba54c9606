import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ConfigError } from '../../src/config/config-error.ts'
import { configJsonSchema } from '../../src/config/config-schema.ts'
import { defaultConfigText } from '../../src/config/default-config.ts'
import { loadConfig, parseConfig } from '../../src/config/load-config.ts'
import { serverDefinitions } from '../../src/config/server-definitions.ts'

function directoryWith(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'warren-config-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  writeFileSync(join(directory, 'warren.yaml'), text, { mode: 0o600 })
  return directory
}

function refusal(text: string): ConfigError {
  try {
    parseConfig(text)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('the configuration was accepted')
}

test.for([
  { text: 'naem: a', path: 'naem', line: 1, hint: 'did you mean "name"?' },
  {
    text: 'name: a\nlimits:\n  mesageBytesMax: 70000',
    path: 'limits.mesageBytesMax',
    line: 3,
    hint: 'did you mean "messageBytesMax"?',
  },
  {
    text: 'name: a\nservers:\n  files:\n    comand: npx',
    path: 'servers.files.comand',
    line: 4,
    hint: 'did you mean "command"?',
  },
  {
    text: 'name: a\nservers:\n  files:\n    url: http://127.0.0.1:1/\n    header: {}',
    path: 'servers.files.header',
    line: 5,
    hint: 'did you mean "headers"?',
  },
  {
    text: 'name: a\nmcpServers: {}',
    path: 'mcpServers',
    line: 2,
    hint: 'servers of an AI host are taken over with "warren import <file>"',
  },
  { text: 'name: a\nsomething: 1', path: 'something', line: 2, hint: undefined },
])(
  'the unknown key $path is refused at its place',
  { tags: ['CFG-1'] },
  ({ text, path, line, hint }) => {
    const { code, issues, message } = refusal(text)
    expect(code).toBe('config-invalid')
    const found = issues.find((issue) => issue.path === path)
    expect(found).toMatchObject({ line, message: 'is not known here' })
    expect(found?.hint).toBe(hint)
    expect(message).toContain(`line ${line}: ${path} is not known here`)
  },
)

test('a server with keys of both kinds is refused', { tags: ['CFG-1'] }, () => {
  const { issues } = refusal('name: a\nservers:\n  x:\n    command: a\n    url: http://127.0.0.1/')
  expect(issues).toMatchObject([{ path: 'servers.x.url', line: 5 }])
})

test.for([
  { text: 'listen: []', path: 'name', line: 1, message: 'is missing' },
  { text: 'name: 5', path: 'name', line: 1, message: 'must be a string' },
  { text: 'name: ""', path: 'name', line: 1, message: 'must be 1 to 64 characters on one line' },
  {
    text: 'name: a\nlisten:\n  - /ip4/0.0.0.0/tcp/4001\n  - nonsense',
    path: 'listen.1',
    line: 4,
    message: 'must be a multiaddr such as /ip4/0.0.0.0/tcp/4001',
  },
  {
    text: 'name: a\nlisten: [/ip4/300.0.0.1/tcp/1]',
    path: 'listen.0',
    line: 2,
    message: 'must be a multiaddr such as /ip4/0.0.0.0/tcp/4001',
  },
  {
    text: 'name: a\nlisten: [/ip4/0.0.0.0/tcp/65536]',
    path: 'listen.0',
    line: 2,
    message: 'must be a multiaddr such as /ip4/0.0.0.0/tcp/4001',
  },
  { text: 'name: a\nhttp:\n  port: 65536', path: 'http.port', line: 3 },
  { text: 'name: a\nlimits:\n  messageBytesMax: 65535', path: 'limits.messageBytesMax', line: 3 },
  {
    text: 'name: a\nservers:\n  Files:\n    command: x',
    path: 'servers.Files',
    line: 3,
    message: 'is not a name of a server ([a-z][a-z0-9-]{0,31})',
  },
  {
    text: 'name: a\nservers:\n  f:\n    command: x\n    env:\n      PORT: 8080',
    path: 'servers.f.env.PORT',
    line: 6,
    message: 'must be a string',
    hint: 'put it in quotes',
  },
  {
    text: 'name: a\nservers:\n  f:\n    url: ftp://127.0.0.1/',
    path: 'servers.f.url',
    line: 4,
    message: 'must be an http: or https: URL',
  },
  {
    text: 'name: a\nservers:\n  f:\n    url: http://127.0.0.1/\n    headers:\n      A: "b\\nC: d"',
    path: 'servers.f.headers.A',
    line: 6,
    message: 'must not hold a line break',
  },
  { text: 'name: a\nservers:\n  f: null', path: 'servers.f', line: 3 },
  { text: '- a', path: '', line: 1, message: 'must be an object' },
])('$path in $text is refused at line $line', { tags: ['CFG-2'] }, ({ text, ...expected }) => {
  expect(refusal(text).issues).toContainEqual(expect.objectContaining(expected))
})

test('a refused value is not told', { tags: ['CFG-2'] }, () => {
  const secret = 's3cret-value'
  const texts = [
    `name: a\nservers:\n  f:\n    url: "${secret}"`,
    `name: a\nservers:\n  f:\n    command: x\n    env: ${secret}`,
    `name: a\nservers:\n  f:\n    command: x\n    env: ["${secret}"]`,
    `name: a\npeers: ["${secret}"]`,
    `name: a\nhttp: {port: "${secret}"}`,
  ]
  for (const text of texts) {
    const { message, issues } = refusal(text)
    expect(`${message} ${JSON.stringify(issues)}`).not.toContain(secret)
  }
})

test('at most ten faults are told, in the order of their lines', { tags: ['CFG-2'] }, () => {
  const { issues } = refusal(
    `name: a\n${Array.from({ length: 30 }, (_, index) => `x${index}: 1`).join('\n')}`,
  )
  expect(issues.map(({ line }) => line)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
})

test.for([
  { text: 'name: a\nname: b', line: 2 },
  { text: 'name: [a', line: 1 },
  { text: 'name: a\n\tpeers: []', line: 2 },
  { text: 'name: &x a\nenclave: *x', line: 2 },
  { text: 'name: a\nservers:\n  __proto__: { command: a }', line: 3 },
  { text: 'name: a\nservers: { "__proto__": { command: a } }', line: 2 },
  { text: 'name: a\nservers: !!python/object {}', line: 2 },
  { text: 'name: a\n--- \nname: b', line: 2 },
])('$text is refused as a text', { tags: ['CFG-3'] }, ({ text, line }) => {
  const { code, issues } = refusal(text)
  expect(code).toBe('config-syntax')
  expect(issues[0]?.line).toBe(line)
})

test.for([
  [
    '{name: a, format: jsonl, transport: udp, path: x}',
    "transport invalid discriminator value. Expected 'file' | 'tcp' | 'relp' | 'tls' | 'relp-tls'",
  ],
  [
    '{name: a, format: jsonl, path: x}',
    "transport invalid discriminator value. Expected 'file' | 'tcp' | 'relp' | 'tls' | 'relp-tls'",
  ],
  [
    '{name: a, format: jsonl, transport: file, pth: x}',
    'pth is not known here (did you mean "path"?)',
  ],
] as const)('of the target %s it says: %s', { tags: ['CFG-1', 'CFG-2'] }, ([target, message]) => {
  const error = refusal(`name: a\naudit:\n  export:\n    - ${target}\n`)
  expect(error.code).toBe('config-invalid')
  expect(error.message).toContain(`line 4: audit.export.0.${message}`)
})

test('what is left out has its default, and paths are absolute', { tags: ['CFG-4'] }, () => {
  const directory = directoryWith(
    'name: press-1\nkeys: {passphraseFile: pass}\naudit: {export: [{name: a, format: cef, transport: tls, host: siem, port: 6514, ca: ca.pem, cert: /etc/c.pem, key: k.pem}, {name: b, format: jsonl, transport: file, path: out}]}\nservers:\n  a: {command: ./run, cwd: work}\n  b: {command: run, cwd: /srv}\n',
  )
  expect(loadConfig(directory)).toEqual({
    approvals: { waitSeconds: 300, waitingMax: 64, waitingPerMemberMax: 8 },
    capabilities: { issuers: {} },
    directory,
    name: 'press-1',
    listen: ['/ip4/0.0.0.0/tcp/4001', '/ip6/::/tcp/4001'],
    announce: [],
    peers: [],
    discovery: { lan: true },
    keys: { passphraseFile: join(directory, 'pass') },
    http: { enabled: false, port: 7420, tokenFile: join(directory, 'http-token') },
    limits: {
      messageBytesMax: 4_194_304,
      connectionsMax: 300,
      callsInboundMax: 1_024,
      callsInboundPerMemberMax: 256,
      callsOutboundMax: 1_024,
      callsOutboundPerMemberMax: 256,
    },
    audit: {
      segmentMiB: 64,
      retention: {},
      export: [
        {
          name: 'a',
          format: 'cef',
          transport: 'tls',
          host: 'siem',
          port: 6514,
          ca: join(directory, 'ca.pem'),
          cert: '/etc/c.pem',
          key: join(directory, 'k.pem'),
        },
        { name: 'b', format: 'jsonl', transport: 'file', path: join(directory, 'out') },
      ],
    },
    policies: join(directory, 'policies'),
    servers: {
      a: { command: './run', cwd: join(directory, 'work') },
      b: { command: 'run', cwd: '/srv' },
    },
  })
})

test('issuers of capabilities are named, and are DIDs', { tags: ['CFG-2', 'CAP-1'] }, () => {
  const did = `did:webvh:Qm${'a'.repeat(44)}:warren.internal`
  const issuers = (count: number, first = 'ops', value = did): string =>
    JSON.stringify({
      name: 'a',
      capabilities: {
        issuers: Object.fromEntries([
          [first, value],
          ...Array.from({ length: count - 1 }, (_, at) => [`o${at}`, did]),
        ]),
      },
    })
  expect(Object.keys(parseConfig(issuers(16)).capabilities.issuers)).toHaveLength(16)
  for (const text of [
    issuers(17),
    issuers(1, 'self'),
    issuers(1, 'Ops'),
    issuers(1, 'ops', 'did:web:example.org'),
    '{"name":"a","capabilities":{"issuer":{}}}',
  ]) {
    expect(() => parseConfig(text)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
  }
})

test('addresses of every useful shape are accepted', { tags: ['CFG-4'] }, () => {
  const peers = [
    '/ip4/10.0.0.7/tcp/4001',
    '/ip6/fd00::7/tcp/4001/p2p/12D3KooWGbYKpRTgSBzLcuzHQkLNMTBTnxzaDSMs9NwMYcEY5eWk',
    '/ip6zone/eth0/ip6/fe80::7/tcp/4001',
    '/dns4/press-hall.lan/tcp/4001',
  ]
  expect(parseConfig(JSON.stringify({ name: 'a', peers })).peers).toEqual(peers)
})

test('servers are handed on as the provider takes them', { tags: ['CFG-4'] }, () => {
  const { servers } = parseConfig(
    'name: a\nservers:\n  f: {command: run, args: [x], env: {A: b}, title: Files}\n  w: {url: "http://127.0.0.1:1/mcp", remote: true}\n',
  )
  expect(serverDefinitions(servers)).toEqual([
    { transport: 'stdio', name: 'f', command: 'run', args: ['x'], env: { A: 'b' }, title: 'Files' },
    { transport: 'http', name: 'w', url: 'http://127.0.0.1:1/mcp', headers: {}, remote: true },
  ])
})

test.for([
  { mode: 0o600, code: undefined },
  { mode: 0o644, code: undefined },
  { mode: 0o660, code: 'config-open' },
  { mode: 0o602, code: 'config-open' },
])('a file of mode $mode gives $code', { tags: ['CFG-5'] }, ({ mode, code }) => {
  const directory = directoryWith('name: a')
  chmodSync(join(directory, 'warren.yaml'), mode)
  if (code === undefined) expect(loadConfig(directory).name).toBe('a')
  else expect(() => loadConfig(directory)).toThrow(expect.objectContaining({ code }))
})

test('a missing and an oversized file are refused', { tags: ['CFG-5'] }, () => {
  expect(() => loadConfig('/nowhere')).toThrow(expect.objectContaining({ code: 'config-missing' }))
  const fits = `name: a\n#${'x'.repeat(262_144 - 9)}`
  expect(parseConfig(fits).name).toBe('a')
  expect(refusal(`${fits}x`).code).toBe('config-too-large')
  const directory = directoryWith(`name: a\n#${'x'.repeat(1_048_576)}`)
  expect(() => loadConfig(directory)).toThrow(expect.objectContaining({ code: 'config-too-large' }))
})

test('the published schema is the one that is enforced', { tags: ['CFG-6'] }, () => {
  const path = join(import.meta.dirname, '../../../../docs/warren.schema.json')
  // When this fails: node packages/node/test/config/write-schema.ts && pnpm format
  expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(configJsonSchema())),
  )
})

test('every key of the schema says what it is for', { tags: ['CFG-6'] }, () => {
  const { properties } = configJsonSchema() as {
    properties: Record<string, { description?: string; properties?: object }>
  }
  const silent = Object.entries(properties).filter(
    ([, { description, properties: inner }]) => description === undefined && inner === undefined,
  )
  expect(silent).toEqual([])
})

test('a new node exposes nothing', { tags: ['CFG-7'] }, () => {
  const config = parseConfig(defaultConfigText({ name: 'press-1' }))
  expect(config).toMatchObject({ name: 'press-1', servers: {}, http: { enabled: false }, keys: {} })
  expect(config).toEqual(parseConfig('name: press-1'))
})

test.for([
  'a',
  'yes',
  '5',
  'null',
  '# not a comment',
  'a: b',
  "it's",
  '"quoted"',
  '- x',
  '\u{1f407}',
  ' ',
])('a node may be called %j', { tags: ['CFG-7'] }, (name) => {
  const init = {
    name,
    listen: ['/ip6/::/tcp/1'],
    peers: ['/ip4/10.0.0.7/tcp/4001'],
    passphraseFile: name,
  }
  expect(parseConfig(defaultConfigText(init))).toMatchObject({
    name,
    listen: init.listen,
    peers: init.peers,
    keys: { passphraseFile: name },
  })
})
