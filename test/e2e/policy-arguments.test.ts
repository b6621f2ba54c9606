import { execFileSync } from 'node:child_process'
import {
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { askWarren, runWarren, WARREN_ENTRY } from '@warren/demo/warren-process'
import { growPathTree, honestPaths, pathAttempts } from '@warren/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { documentedBlock } from './support/documented-block.ts'
import { type ReadyMesh, readyMesh } from './support/ready-mesh.ts'
import { callsIn, recordedCommand } from './support/recorded-server.ts'

const { resolve: resolveModule } = createRequire(import.meta.url)
const FILESYSTEM = join(
  dirname(resolveModule('@modelcontextprotocol/server-filesystem/package.json')),
  'dist/index.js',
)
const REFUSAL = 'internal.warren/refusal'

let mesh: ReadyMesh
let client: Client
/** All that the server itself would give away; rules open `data` and `notes` of it. */
let tree: string
let lab: string
/** What has reached the server is written here. */
let record: string
/** What was tried, for whoever reads the report. */
const counted = { refused: 0, allowed: 0, contents: 0 }

/** The whole policy, as docs/operations shows it: who sees the server, and who reads where. */
function rules(): string {
  return documentedBlock('policy.md', 'files.cedar').replaceAll('/srv/', `${tree}/`)
}

function facts(): string {
  return documentedBlock('policy.md', 'facts.yaml').replaceAll('/srv/', `${tree}/`)
}

function writeTree(): void {
  mkdirSync(join(tree, 'notes'), { recursive: true })
  growPathTree(tree)
  writeFileSync(join(tree, 'data/a.txt'), 'open a')
  writeFileSync(join(tree, 'notes/b.txt'), 'open b')
  writeFileSync(join(tree, 'secret.txt'), 'hunter2')
  writeFileSync(join(tree, 'data-evil/c.txt'), 'hunter2')
  symlinkSync('a.txt', join(tree, 'data/inside'))
  symlinkSync('../secret.txt', join(tree, 'data/leak'))
  writeFileSync(join(tree, 'other.txt'), 'hunter2')
  linkSync(join(tree, 'other.txt'), join(tree, 'data/hard'))
}

function put(name: string, text: string): void {
  writeFileSync(join(lab, 'policies', name), text, { mode: 0o600 })
}

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['desk', 'lab'],
    prepare: async ({ name, directory }) => {
      if (name !== 'lab') return
      lab = directory
      tree = join(dirname(directory), 'tree')
      record = join(dirname(directory), 'files.jsonl')
      writeFileSync(record, '')
      writeTree()
      const command = recordedCommand(record, [process.execPath, FILESYSTEM, tree])
      await askWarren(['--dir', lab, 'serve', 'files', '--', ...command])
      put('files.cedar', rules().split('@id("read-below")')[0] ?? '')
    },
  })
  const { directory } = mesh.node('desk')
  await vi.waitUntil(
    async () => {
      const { reachable } = await askWarren(['--dir', directory, 'status'])
      return JSON.stringify(reachable) === '["files"]'
    },
    { timeout: 15_000, interval: 500 },
  )
  client = new Client({ name: 'host', version: '1.0.0' })
  const args = [WARREN_ENTRY, '--dir', directory, 'connect', 'files']
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args, stderr: 'ignore' }),
  )
  // Pinned as the real server lists them.
  const { tools } = await client.listTools()
  mkdirSync(join(lab, 'policies/tools'), { mode: 0o700 })
  put('tools/files.json', JSON.stringify({ tools }))
  put('facts.yaml', facts())
  put('files.cedar', rules())
  await askWarren(['--dir', lab, 'reload'])
})

afterAll(async () => {
  process.stdout.write(`paths through a real server: ${JSON.stringify(counted)}\n`)
  await client?.close()
  await mesh?.close()
})

async function call(name: string, args: Record<string, unknown>): Promise<[unknown, string]> {
  const result = await client.callTool({ name, arguments: args })
  const { _meta: meta } = result
  const refusal: unknown = meta?.[REFUSAL]
  const code = typeof refusal === 'object' && refusal !== null && 'code' in refusal && refusal.code
  const [content] = result.content
  return [code, content?.type === 'text' ? content.text : '']
}

test('the policy has at most ten lines', () => {
  const lines = `${rules()}${facts()}`.trim().split('\n')
  expect(lines.length).toBeLessThanOrEqual(10)
})

test.for<[string, string, string]>([
  ['a path below', 'read_file', '{tree}/data/a.txt'],
  ['the other directory', 'read_text_file', '{tree}/notes/b.txt'],
  ['a relative path', 'read_text_file', 'a.txt'],
  ['dots that stay below', 'read_file', '{tree}/data/sub/../a.txt'],
  ['a link that stays below', 'read_text_file', 'inside'],
  ['a URL of a file', 'read_text_file', '{url}/data/a.txt'],
])('%s is read', { tags: ['POL-27', 'FCT-6'] }, async ([, tool, path]) => {
  const [code, text] = await call(tool, { path: placed(path) })
  expect(code).toBe(false)
  expect(text).toMatch(/^open [ab]$/)
})

test.for<[string, string, unknown, string]>([
  ['a file beside', 'read_file', '{tree}/secret.txt', 'policy-no-rule'],
  ['dots that lead out', 'read_file', '{tree}/data/../secret.txt', 'policy-no-rule'],
  ['a relative way out', 'read_text_file', '../secret.txt', 'policy-no-rule'],
  ['a name that begins alike', 'read_file', '{tree}/data-evil/c.txt', 'policy-no-rule'],
  ['a link that leads out', 'read_file', '{tree}/data/leak', 'policy-no-rule'],
  ['a directory that leads out', 'read_text_file', 'up/secret.txt', 'policy-no-rule'],
  ['dots behind a link', 'read_file', '{tree}/data/up/../a.txt', 'fact-path-ambiguous'],
  ['a second name of a file', 'read_text_file', 'hard', 'policy-no-rule'],
  ['a file of the system', 'read_file', '/etc/passwd', 'policy-no-rule'],
  ['the environment of the server', 'read_file', '/proc/self/environ', 'fact-path-process'],
  ['a home', 'read_file', '~/.ssh/id_ed25519', 'fact-path-expansion'],
  ['an encoded way out', 'read_file', '{tree}/data/%2e%2e/secret.txt', 'fact-path-encoded'],
  ['a cut name', 'read_file', '{tree}/data/a.txt\0.png', 'fact-characters'],
  ['backslashes', 'read_text_file', '..\\secret.txt', 'fact-path-backslash'],
  ['a URL that leads out', 'read_text_file', '{url}/secret.txt', 'policy-no-rule'],
  ['a URL of the web', 'read_file', 'http://localhost/a.txt', 'fact-path-scheme'],
  ['dots behind nothing', 'read_file', '{tree}/data/no/../a.txt', 'fact-path-missing-parent'],
  ['a list', 'read_file', ['{tree}/data/a.txt'], 'fact-argument-shape'],
  ['no path', 'read_file', undefined, 'policy-input-mismatch'],
  ['another tool', 'get_file_info', '{tree}/data/a.txt', 'policy-no-rule'],
])('%s is refused', { tags: ['POL-27', 'FCT-3'] }, async ([, tool, path, expected]) => {
  const [code, text] = await call(tool, { path: typeof path === 'string' ? placed(path) : path })
  expect(code).toBe(expected)
  expect(text).toMatch(/^refused/)
  expect(text).not.toContain('hunter2')
})

test(
  'no attempt gets round the rule: each is refused with its code, and none reaches the server',
  { tags: ['POL-27', 'FCT-3', 'FCT-7', 'FCT-8', 'FCT-9', 'FCT-10', 'FCT-11'] },
  async () => {
    const reached = callsIn(record).length
    for (const [path, outcome] of pathAttempts(tree)) {
      for (const tool of ['read_file', 'read_text_file']) {
        const [code, text] = await call(tool, { path })
        const expected = outcome.startsWith('fact-') ? outcome : 'policy-no-rule'
        expect([code, text], `${tool} ${JSON.stringify(path)}`).toEqual([
          expected,
          expect.stringMatching(/^refused: [ -~]+$/),
        ])
        counted.refused += 1
      }
    }
    expect(callsIn(record)).toHaveLength(reached)
  },
)

test(
  'what stays below is read, under the canonical name where that is declared',
  { tags: ['POL-27', 'FCT-6', 'FCT-8'] },
  async () => {
    for (const [asked, place] of honestPaths(tree)) {
      const real = place === '' ? `${tree}/data` : `${tree}/data/${place}`
      const path =
        asked.startsWith('/') || asked.startsWith('file:') ? asked : `${tree}/data/${asked}`
      const forwarded = { read_file: path, read_text_file: real }
      for (const [tool, expected] of Object.entries(forwarded)) {
        const [code, text] = await call(tool, { path })
        expect(code, asked).toBe(false)
        expect(callsIn(record).at(-1), asked).toEqual({ path: expected })
        counted.allowed += 1
        if (!isFile(real) || tool === 'read_file') continue
        expect(text, asked).toBe(`content of data/${place}`)
        counted.contents += 1
      }
    }
    expect(counted.contents).toBeGreaterThan(30)
  },
)

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

/** What is done to the tree, and what of it is then asked for; both are undone. */
const EXCHANGES: readonly (readonly [what: string, path: string, exchange: () => () => void])[] = [
  [
    'a file by a link',
    'race/a.txt',
    () => exchanged('race/a.txt', (at) => symlinkSync(secret(), at)),
  ],
  [
    'a file by a second name',
    'race/a.txt',
    () => exchanged('race/a.txt', (at) => linkSync(secret(), at)),
  ],
  [
    'a directory by a link',
    'race/a.txt',
    () => exchanged('race', (at) => symlinkSync('../outside', at)),
  ],
  [
    'a directory by a link to a link',
    'race/a.txt',
    () => exchanged('race', (at) => symlinkSync('out', at)),
  ],
  [
    'a directory by a link to the root of a process',
    'race/a.txt',
    () => exchanged('race', (at) => symlinkSync(`/proc/self/root${tree}/outside`, at)),
  ],
  [
    'a link by another',
    'race-link/a.txt',
    () => exchanged('race-link', (at) => symlinkSync('../outside', at)),
  ],
  [
    'a file by a pipe',
    'race/a.txt',
    () => exchanged('race/a.txt', (at) => execFileSync('mkfifo', [at])),
  ],
  [
    'a directory by another one with a link in it',
    'race/a.txt',
    () =>
      exchanged('race', (at) => {
        mkdirSync(at)
        symlinkSync(secret(), join(at, 'a.txt'))
      }),
  ],
]

function secret(): string {
  return join(tree, 'outside/secret.txt')
}

/** Puts something else in the place of a name below `data`; what is returned puts it back. */
function exchanged(name: string, place: (at: string) => void): () => void {
  const at = join(tree, 'data', name)
  const aside = join(tree, 'aside')
  renameSync(at, aside)
  place(at)
  return () => {
    rmSync(at, { force: true, recursive: true })
    renameSync(aside, at)
  }
}

test(
  'what is exchanged between two calls is seen at the next one',
  { tags: ['POL-27', 'FCT-8', 'FCT-11'] },
  async () => {
    mkdirSync(join(tree, 'data/race'))
    writeFileSync(join(tree, 'data/race/a.txt'), 'open race')
    writeFileSync(join(tree, 'outside/a.txt'), 'hunter2')
    symlinkSync('race', join(tree, 'data/race-link'))
    for (const [what, path, exchange] of EXCHANGES) {
      for (const tool of ['read_file', 'read_text_file']) {
        const asked = { path: join(tree, 'data', path) }
        expect(await call(tool, asked), what).toEqual([false, 'open race'])
        const reached = callsIn(record).length
        const undo = exchange()
        const [code, text] = await call(tool, asked)
        undo()
        expect([code, text], what).toEqual([
          expect.stringMatching(/^(?:policy-no-rule|fact-path-process)$/),
          expect.stringMatching(/^refused: /),
        ])
        expect(callsIn(record)).toHaveLength(reached)
        counted.refused += 1
      }
    }
  },
)

test(
  'a fault in any file leaves in force what was, and says the file and the line',
  { tags: ['POL-26', 'CLI-16'] },
  async () => {
    const pinned = readFileSync(join(lab, 'policies/tools/files.json'), 'utf8')
    for (const [name, text, place] of [
      ['facts.yaml', facts().replace('type: path,', 'type: pth,'), 'facts.yaml:1: '],
      ['files.cedar', rules().replace('special', 'specal'), 'files.cedar:6: '],
      ['tools/files.json', '{}', 'tools/files.json: '],
    ] as const) {
      put(name, text)
      for (const words of [['policy', 'check'], ['reload']]) {
        const { code, stdout, stderr } = await runWarren(['--dir', lab, ...words])
        expect([code, stdout, stderr]).toEqual([6, '', expect.stringContaining(place)])
      }
      put('facts.yaml', facts())
      put('files.cedar', rules())
      put('tools/files.json', pinned)
    }
    expect(await call('read_text_file', { path: 'a.txt' })).toEqual([false, 'open a'])
    expect((await call('read_text_file', { path: 'leak' }))[0]).toBe('policy-no-rule')
  },
)

test(
  'what is in order is counted, and what rules cannot name is said; nothing changes',
  { tags: ['CLI-16'] },
  async () => {
    const before = policyFiles()
    const checked = await askWarren(['--dir', lab, 'policy', 'check'])
    expect(checked).toEqual({
      policies: join(lab, 'policies'),
      digest: expect.stringMatching(/^[\w-]{43}$/),
      files: ['files.cedar', 'facts.yaml', 'tools/files.json'],
      rules: 2,
      opaque: [],
      signed: null,
      notChecked: [],
    })
    // A rule that is written, and not in force: the node is not asked.
    put('more.cedar', 'permit (principal, action, resource);')
    const more = await askWarren(['--dir', lab, 'policy', 'check'])
    rmSync(join(lab, 'policies/more.cedar'))
    expect(more).toMatchObject({ rules: 3 })
    expect(more['digest']).not.toBe(checked['digest'])
    expect((await call('read_text_file', { path: 'leak' }))[0]).toBe('policy-no-rule')
    expect(policyFiles()).toEqual(before)
  },
)

function policyFiles(): readonly string[] {
  const found = readdirSync(join(lab, 'policies'), { recursive: true, encoding: 'utf8' })
  return found.toSorted((a, b) => (a < b ? -1 : 1))
}

test(
  'the operator is told what would be decided, and what is missing',
  { tags: ['CLI-17', 'POL-12'] },
  async () => {
    const { did } = mesh.node('desk')
    const explained = (path: string, caller = did) => {
      const about = ['--caller', caller, '--server', 'files', '--tool', 'read_text_file']
      const args = JSON.stringify({ path })
      return askWarren(['--dir', lab, 'policy', 'explain', ...about, '--args', args])
    }
    expect(await explained('inside')).toMatchObject({
      allowed: true,
      code: null,
      rules: ['read-below'],
      facts: { path: { asked: 'inside', real: `${tree}/data/a.txt`, viaSymlink: true } },
      forwarded: { path: `${tree}/data/a.txt` },
      nearest: null,
    })
    expect(await explained('leak')).toMatchObject({
      allowed: false,
      code: 'policy-no-rule',
      facts: { path: { real: `${tree}/secret.txt` } },
      forwarded: null,
      nearest: {
        rule: 'read-below',
        failing: expect.stringContaining('containsAny'),
        values: [{ name: 'context.fact.path.dirs', value: expect.stringContaining(tree) }],
      },
    })
    expect(await explained('a\\b')).toMatchObject({ code: 'fact-path-backslash', facts: {} })
    const stranger = `did:webvh:Qm${'1'.repeat(44)}:warren.internal`
    expect(await explained('inside', stranger)).toMatchObject({
      allowed: false,
      code: 'caller-not-admitted',
    })
    // A member may be named; whoever is none, what is no DID, and a server that there is not, is a slip of the pen.
    expect(await explained('inside', 'desk')).toMatchObject({ allowed: true })
    await expect(explained('inside', 'dosk')).rejects.toThrow('no-such-member')
    await expect(explained('inside', 'did:webvh:nobody')).rejects.toThrow('did-malformed')
    const about = ['--caller', did, '--server', 'filez', '--tool', 'read_text_file']
    const { code, stderr } = await runWarren(['--dir', lab, 'policy', 'explain', ...about])
    expect(code).not.toBe(0)
    expect(stderr).toContain('this node offers no server "filez"')
  },
)

function placed(path: string): string {
  return path.replace('{tree}', tree).replace('{url}', pathToFileURL(tree).href)
}
