import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { askWarren, Daemon, runWarren } from '@warren/demo/warren-process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ReadyMesh, readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const TARGETS = `audit:
  export:
    - { name: lines, format: jsonl, transport: file, path: lines.jsonl }
`
/** Nothing listens there. */
const GONE = `    - { name: gone, format: syslog, transport: tcp, host: 127.0.0.1, port: 1 }
`

let mesh: ReadyMesh
let node: ReadyNode

beforeAll(async () => {
  mesh = await readyMesh({
    names: ['lab'],
    prepare: async ({ directory }) => {
      appendFileSync(join(directory, 'warren.yaml'), TARGETS)
    },
  })
  node = mesh.node('lab')
})

afterAll(async () => {
  await mesh?.close()
})

function kinds(): readonly unknown[] {
  const path = join(node.directory, 'lines.jsonl')
  if (!existsSync(path)) return []
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1)
  return lines.map((line) => {
    const { kind } = JSON.parse(line) as { readonly kind: unknown }
    return kind
  })
}

test(
  'a node copies its log to the receivers of its configuration',
  { tags: ['AEX-1'] },
  async () => {
    await expect
      .poll(kinds, { timeout: 15_000 })
      .toEqual(expect.arrayContaining(['start', 'policy']))
    const { exports } = await askWarren(['--dir', node.directory, 'status'])
    expect(exports).toMatchObject([
      { target: 'lines', format: 'jsonl', transport: 'file', trouble: null },
    ])
  },
)

test(
  'a receiver that is added by a reload is tried at once, and the status says that it is not there',
  { tags: ['AEX-3', 'AEX-12', 'DMN-13'] },
  async () => {
    const config = join(node.directory, 'warren.yaml')
    const before = readFileSync(config, 'utf8')
    writeFileSync(config, before.replace(TARGETS, `${TARGETS}${GONE}`))
    expect(await askWarren(['--dir', node.directory, 'reload'])).toMatchObject({ restart: [] })
    const exports = async (): Promise<unknown> =>
      (await askWarren(['--dir', node.directory, 'status']))['exports']
    await expect.poll(exports, { timeout: 15_000 }).toMatchObject([
      { target: 'lines', trouble: null },
      { target: 'gone', trouble: { code: 'receiver-unreachable' } },
    ])
    await expect.poll(kinds, { timeout: 15_000 }).toContain('config')
    const { stdout } = await runWarren(['--dir', node.directory, 'status'])
    expect(stdout).toMatch(/^export lines +jsonl over file, up to date$/m)
    expect(stdout).toMatch(
      /^export gone +syslog over tcp, \d+ behind since \d{4}-[^ ]+, receiver-unreachable: .*ECONNREFUSED/m,
    )
  },
)

interface Line {
  readonly seq: number
  readonly resent?: true
}

function arrivedLines(): readonly Line[] {
  const text = readFileSync(join(node.directory, 'lines.jsonl'), 'utf8')
  return text.split('\n').flatMap((line) => {
    // A line that a kill has torn is none; its entry comes again.
    if (!line.endsWith('}')) return []
    const value = JSON.parse(line) as Line
    return [value]
  })
}

test(
  'a node that is killed again and again leaves no entry out, and repeats none without a mark',
  { tags: ['AEX-1', 'AEX-2', 'THR-38'], timeout: 180_000 },
  async () => {
    const config = join(node.directory, 'warren.yaml')
    for (let kill = 0; kill < 2; kill += 1) {
      for (let reload = 0; reload < 3; reload += 1) {
        await askWarren(['--dir', node.directory, 'reload'])
      }
      await node.daemon.kill()
      node.daemon = await Daemon.start(node.directory, node.launch)
    }
    writeFileSync(config, readFileSync(config, 'utf8').replace(GONE, ''))
    await askWarren(['--dir', node.directory, 'reload'])
    const behind = async (): Promise<unknown> =>
      (await askWarren(['--dir', node.directory, 'status']))['exports']
    await expect.poll(behind, { timeout: 15_000 }).toMatchObject([{ behind: 0 }])

    const arrived = arrivedLines()
    const places = [...new Set(arrived.map(({ seq }) => seq))].toSorted((one, other) => one - other)
    expect(places).toEqual(places.map((_, at) => at))
    const { entries } = Object((await askWarren(['--dir', node.directory, 'status']))['audit']) as {
      readonly entries: number
    }
    expect(places.length).toBeGreaterThanOrEqual(entries)
    const unmarked = arrived.filter(({ resent }) => resent !== true).map(({ seq }) => seq)
    expect(new Set(unmarked).size).toBe(unmarked.length)
  },
)
