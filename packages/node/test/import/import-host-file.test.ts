import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonValue } from '@warren/core'
import { expect, onTestFinished, test } from 'vitest'
import { parseConfig } from '../../src/config/load-config.ts'
import { HOST_KINDS, hostSnippet } from '../../src/import/host-snippet.ts'
import {
  importHostFile,
  planImport,
  sanitiseServerName,
} from '../../src/import/import-host-file.ts'
import { plainJson } from '../../src/import/json-with-comments.ts'
import { readHostFile } from '../../src/import/read-host-file.ts'

const FILE = '/home/ada/project/.vscode/mcp.json'
const SECRET = 'ghp_0123456789'

/** Reads one entry as it would stand in a host's file. */
function read(entry: JsonValue, file = FILE): ReturnType<typeof readHostFile>[number]['entry'] {
  return readHostFile(JSON.stringify({ mcpServers: { it: entry } }), file)[0]!.entry
}

function plan(servers: JsonValue, existing = {}): ReturnType<typeof planImport> {
  return planImport(readHostFile(JSON.stringify({ mcpServers: servers }), FILE), existing)
}

const STDIO = { command: 'npx', args: ['-y', 'x'], env: { A: 'b' } }

test.for<[string, JsonValue, string]>([
  [
    'Claude Desktop, Cursor, LM Studio',
    { mcpServers: { it: STDIO } },
    '/x/claude_desktop_config.json',
  ],
  ['Claude Code', { mcpServers: { it: { type: 'stdio', ...STDIO } } }, '/x/.mcp.json'],
  [
    'Copilot CLI',
    { mcpServers: { it: { type: 'local', tools: ['*'], ...STDIO } } },
    '/x/mcp-config.json',
  ],
  ['VS Code', { inputs: [], servers: { it: { type: 'stdio', ...STDIO } } }, FILE],
  [
    'the settings of VS Code',
    { 'editor.tabSize': 2, mcp: { servers: { it: STDIO } } },
    '/x/settings.json',
  ],
  [
    'Zed',
    { theme: 'x', context_servers: { it: { source: 'custom', enabled: true, ...STDIO } } },
    '/x/settings.json',
  ],
  [
    'Zed, older',
    {
      context_servers: {
        it: { command: { path: 'npx', args: ['-y', 'x'], env: { A: 'b' } }, settings: {} },
      },
    },
    '/x/settings.json',
  ],
])('a server of %s is read', { tags: ['CFG-9'] }, ([, json, file]) => {
  expect(readHostFile(JSON.stringify(json), file)).toEqual([
    { name: 'it', entry: { server: STDIO, notes: [] } },
  ])
})

test('a Streamable HTTP server on this machine is read', { tags: ['CFG-9'] }, () => {
  const server = { url: 'http://127.0.0.1:3000/mcp', headers: {} }
  for (const entry of [
    { url: server.url },
    { type: 'http', url: server.url },
    { serverUrl: server.url },
  ]) {
    expect(read(entry)).toEqual({ server, notes: [] })
  }
})

test('comments and commas too many are read over', { tags: ['CFG-9'] }, () => {
  const text = `\uFEFF// head
{ /* c1 */ "mcpServers": { // c2 "
  "it": { "command": "a//b", "args": ["/* no */", "x\\"//", ], /* c3 **/ },
  // last
}, }
`
  const [first] = readHostFile(text, FILE)
  expect(first?.entry).toMatchObject({ server: { command: 'a//b', args: ['/* no */', 'x"//'] } })
})

test.for(['{"a": [1, 2]}', '{"a":"b\\\\","c":"d"}', '"//"', '[",]"]'])(
  'plain JSON %s stays as it is',
  { tags: ['CFG-9'] },
  (text) => {
    expect(plainJson(text)).toBe(text)
  },
)

test('what is cut out leaves places as they were', { tags: ['CFG-9'] }, () => {
  const text = '{ // x\n"a": 1, /* y\n z */ }'
  expect(plainJson(text)).toHaveLength(text.length)
  expect(JSON.parse(plainJson(text))).toEqual({ a: 1 })
})

test('a hostile text is read in no time', { tags: ['CFG-9'] }, () => {
  const texts = [
    `"${'\\'.repeat(100_000)}`,
    '/*'.repeat(50_000),
    ','.repeat(100_000),
    `[${', '.repeat(50_000)}x`,
    '/***'.repeat(30_000),
  ]
  for (const text of texts) {
    const startedMs = performance.now()
    expect(() => readHostFile(text, FILE)).toThrow(
      expect.objectContaining({ code: 'import-malformed' }),
    )
    expect(performance.now() - startedMs).toBeLessThan(2_000)
  }
})

test('a server of the MCP registry is read', { tags: ['CFG-9'] }, () => {
  const json = {
    name: 'io.github.acme/weather',
    title: 'Weather',
    version: '1.2.0',
    packages: [
      {
        registryType: 'npm',
        identifier: 'remote-only',
        version: '1',
        transport: { type: 'sse', url: 'x' },
      },
      {
        registryType: 'npm',
        identifier: '@acme/weather',
        version: '1.2.0',
        transport: { type: 'stdio' },
        packageArguments: [
          { type: 'named', name: '--units', value: 'metric' },
          { type: 'positional', default: 'oslo' },
          { type: 'positional' },
        ],
        environmentVariables: [{ name: 'LANG', default: 'en' }, { name: 'OPTIONAL' }],
      },
    ],
  }
  expect(readHostFile(JSON.stringify(json), '/x/server.json')).toEqual([
    {
      name: 'weather',
      entry: {
        server: {
          command: 'npx',
          args: ['-y', '@acme/weather@1.2.0', '--units', 'metric', 'oslo'],
          env: { LANG: 'en' },
          title: 'Weather',
        },
        notes: [],
      },
    },
  ])
})

test.for<[string, JsonValue, string]>([
  ['a value', { packageArguments: [{ type: 'named', name: '--key', isRequired: true }] }, '--key'],
  [
    'a variable',
    { environmentVariables: [{ name: 'API_KEY', isRequired: true, isSecret: true }] },
    'API_KEY',
  ],
  [
    'a part of a value',
    { packageArguments: [{ type: 'named', name: '--dir', value: '{folder}' }] },
    '--dir',
  ],
])('a package that needs %s is skipped', { tags: ['CFG-10'] }, ([, more, wanted]) => {
  const entry = {
    registryType: 'npm',
    identifier: 'x',
    transport: { type: 'stdio' },
    ...(more as object),
  }
  const [first] = readHostFile(JSON.stringify({ name: 'a/b', packages: [entry] }), '/x/server.json')
  expect(first?.entry).toEqual({ skipped: `it needs values for ${wanted}` })
})

test('a registry entry that runs elsewhere only is skipped', { tags: ['CFG-10'] }, () => {
  const json = {
    name: 'a/b',
    remotes: [{ type: 'streamable-http', url: 'https://example.com/mcp' }],
  }
  const [first] = readHostFile(JSON.stringify(json), '/x/server.json')
  expect(first?.entry).toHaveProperty('skipped')
})

test.for<[string, JsonValue, RegExp]>([
  ['needs an input', { command: 'x', env: { K: '${input:key}' } }, /needs \$\{input:key\}/],
  [
    'needs an input in its arguments',
    { command: 'x', args: ['--key=${input:key}'] },
    /needs \$\{input:key\}/,
  ],
  ['needs the environment', { command: 'x', env: { K: '${env:KEY}' } }, /needs \$\{env:KEY\}/],
  ['needs a variable', { command: '${TOOL}' }, /needs \$\{TOOL\}/],
  ['reads an envFile', { command: 'x', envFile: '.env' }, /envFile/],
  ['speaks HTTP+SSE', { type: 'sse', url: 'http://127.0.0.1/sse' }, /HTTP\+SSE/],
  ['is switched off', { command: 'x', disabled: true }, /switched off/],
  ['is not enabled', { command: 'x', enabled: false }, /switched off/],
  ['is elsewhere', { url: 'https://example.com/mcp' }, /another machine/],
  ['only looks local', { url: 'http://127.0.0.1.example.com/mcp' }, /another machine/],
  ['has a credential in its URL', { url: 'http://a:b@127.0.0.1/mcp' }, /credential/],
  ['has another scheme', { url: 'file:///etc/passwd' }, /not http/],
  ['is Warren itself', { command: '/usr/bin/warren', args: ['connect'] }, /Warren itself/],
  [
    'is Warren itself, by Node',
    { command: 'node', args: ['/opt/warren', 'connect'] },
    /Warren itself/,
  ],
  ['is empty', {}, /neither command nor url/],
  ['is no object', 'npx', /not an object/],
  ['has odd arguments', { command: 'x', args: [1] }, /not a list of texts/],
  ['has an odd environment', { command: 'x', env: { A: {} } }, /not a set of texts/],
])('a server that %s is skipped', { tags: ['CFG-10'] }, ([, entry, reason]) => {
  expect(read(entry)).toEqual({ skipped: expect.stringMatching(reason) })
})

test('folders that are known are filled in', { tags: ['CFG-10'] }, () => {
  const entry = {
    command: '${workspaceFolder}/run',
    args: ['${userHome}', '${FLAG:-none}', '$HOME'],
    cwd: '${workspaceFolder}',
  }
  expect(read(entry)).toMatchObject({
    server: {
      command: '/home/ada/project/run',
      args: [homedir(), 'none', '$HOME'],
      cwd: '/home/ada/project',
    },
  })
  expect(read(entry, '/home/ada/other/.mcp.json')).toMatchObject({
    server: { cwd: '/home/ada/other' },
  })
})

test.for([
  { text: 'My Server!', name: 'my-server' },
  { text: '@scope/pkg', name: 'scope-pkg' },
  { text: '42', name: 'server' },
  { text: '', name: 'server' },
  { text: 'a'.repeat(40), name: 'a'.repeat(32) },
  { text: `${'a'.repeat(31)}-b`, name: 'a'.repeat(31) },
])('$text is called $name', { tags: ['CFG-11'] }, ({ text, name }) => {
  expect(sanitiseServerName(text)).toBe(name)
})

test('names do not collide', { tags: ['CFG-11'] }, () => {
  const { servers, warnings } = plan(
    { 'a b': { command: '1' }, 'a-b': { command: '2' }, 'A.B': { command: '3' } },
    { 'a-b': { command: '0' } },
  )
  expect(Object.keys(servers)).toEqual(['a-b-2', 'a-b-3', 'a-b-4'])
  expect(warnings).toContain('"A.B" is called "a-b-4" here')
})

test('a name from a foreign file is shown on one line', { tags: ['CFG-11'] }, () => {
  const { warnings } = plan({ ['x\u001b[31m\n'.repeat(30)]: 'nothing' })
  expect(warnings[0]).toMatch(/^"[\x20-\x7E]{1,64}" was skipped/)
})

test('secrets are reported by name', { tags: ['CFG-12'] }, () => {
  const { warnings } = plan({
    git: { command: 'x', env: { GITHUB_TOKEN: SECRET, EMPTY_KEY: '', LANG: 'en' } },
    web: { url: 'http://127.0.0.1/', headers: { Authorization: SECRET } },
    off: { command: SECRET, disabled: true },
  })
  expect(warnings).toEqual([
    '"git": its env holds what looks like a secret (GITHUB_TOKEN), which now stands in warren.yaml too',
    '"web": its headers holds what looks like a secret (Authorization), which now stands in warren.yaml too',
    '"off" was skipped: it is switched off',
  ])
})

test('a file that cannot be read says nothing of its content', { tags: ['CFG-12'] }, () => {
  for (const text of [
    `{"mcpServers": ${SECRET}`,
    `["${SECRET}"]`,
    `{"${SECRET}": 1}`,
    `{"mcpServers": ["${SECRET}"]}`,
  ]) {
    try {
      readHostFile(text, FILE)
      expect.unreachable()
    } catch (error) {
      expect(String(error)).not.toContain(SECRET)
      expect(error).toMatchObject({ name: 'ImportError' })
    }
  }
})

test('importing writes what is new, and the second time nothing', { tags: ['CFG-11'] }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'warren-import-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const config = join(directory, 'warren.yaml')
  writeFileSync(config, '# mine\nname: a\nservers: {}\n', { mode: 0o600 })
  const file = join(directory, 'mcp.json')
  writeFileSync(
    file,
    JSON.stringify({ mcpServers: { Files: STDIO, off: { command: 'x', disabled: true } } }),
  )

  expect(importHostFile({ directory, file })).toEqual({
    added: ['files'],
    warnings: ['"Files" is called "files" here', '"off" was skipped: it is switched off'],
  })
  const text = readFileSync(config, 'utf8')
  expect(text).toContain('# mine')
  expect(parseConfig(text).servers).toEqual({ files: STDIO })

  expect(importHostFile({ directory, file }).added).toEqual([])
  expect(readFileSync(config, 'utf8')).toBe(text)
  expect(() => importHostFile({ directory, file: '/nowhere' })).toThrow(
    expect.objectContaining({ code: 'import-unreadable' }),
  )
})

test.for(HOST_KINDS)(
  'a snippet for %s is one that its file understands',
  { tags: ['CFG-13'] },
  (kind) => {
    const launch = { command: '/opt/node', args: ['/opt/warren.js', 'connect'], name: 'mesh' }
    const { file, text } = hostSnippet(kind, launch)
    expect(file).not.toBe('')
    // Its own entry is the one thing that an import leaves out, so it is recognised.
    expect(readHostFile(text, '/x/file.json')).toEqual([
      { name: 'mesh', entry: { skipped: 'it is Warren itself' } },
    ])
    const other = hostSnippet(kind, { command: '/opt/tool', args: ['x'] })
    expect(readHostFile(other.text, '/x/file.json')).toEqual([
      {
        name: 'warren',
        entry: { server: { command: '/opt/tool', args: ['x'], env: {} }, notes: [] },
      },
    ])
  },
)
