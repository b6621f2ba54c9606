import { writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { seen, step, timed } from './stage.ts'
import { FILES_POLICY, openPolicy, writeSampleFolder } from './sample.ts'
import { askWarren, Daemon, WARREN_ENTRY } from './warren-process.ts'

const require = createRequire(import.meta.url)
const FOUND_TIMEOUT_MS = 20_000

/** The three running nodes of the demo. */
export interface Mesh {
  readonly meshId: string
  readonly suite: string
  readonly desk: Daemon
  readonly nodes: readonly Daemon[]
  /** An invitation that one of the nodes has used. */
  readonly usedInvitation: string
  readonly snippet: string
  stop(): Promise<void>
}

/** Founds the mesh with the commands that a person would use, and waits until all nodes have found each other. */
// oxlint-disable-next-line max-lines-per-function -- one story, told in the order in which it happens
export async function foundMesh(directory: string): Promise<Mesh> {
  const passphraseFile = join(directory, 'passphrase')
  writeFileSync(passphraseFile, 'a sentence that only the demo uses\n', { mode: 0o600 })
  const places = ['desk', 'lab', 'plant'].map((name) => ({ name, path: join(directory, name) }))
  const [desk, lab, plant] = places
  if (desk === undefined || lab === undefined || plant === undefined)
    throw new Error('three places')

  step('warren init: the desk founds a mesh; warren invite: one line for each other machine')
  const made = await timed(() =>
    askWarren([
      '--dir',
      desk.path,
      'init',
      '--name',
      'desk',
      ...onAnyPort(),
      '--passphrase-file',
      passphraseFile,
    ]),
  )
  seen(`mesh ${text(made.value['meshId'])} (${made.ms.toFixed(0)} ms)`)
  const deskNode = await Daemon.start(desk.path)
  const nodes = [deskNode]
  let usedInvitation = ''
  for (const place of [lab, plant]) {
    const { invitation } = await askWarren(['--dir', desk.path, 'invite'])
    usedInvitation = text(invitation)
    const joined = await timed(() =>
      askWarren([
        '--dir',
        place.path,
        'join',
        usedInvitation,
        '--name',
        place.name,
        ...onAnyPort(),
        '--passphrase-file',
        passphraseFile,
      ]),
    )
    seen(`${place.name} joined as ${text(joined.value['did'])} (${joined.ms.toFixed(0)} ms)`)
  }

  step('warren serve: real MCP servers behind the lab and the plant, and what policy allows')
  await offerServers(directory, lab.path, plant.path)

  step('warren up: the nodes find each other on the LAN and admit each other')
  nodes.push(...(await Promise.all([Daemon.start(lab.path), Daemon.start(plant.path)])))
  const suite = await everybodyMet(nodes)
  return {
    meshId: text(made.value['meshId']),
    suite,
    desk: deskNode,
    nodes,
    usedInvitation,
    snippet: JSON.stringify(
      {
        mcpServers: {
          warren: {
            command: process.execPath,
            args: [WARREN_ENTRY, '--dir', desk.path, 'connect'],
          },
        },
      },
      undefined,
      2,
    ),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

/** Any free port, so that the demo disturbs nothing else on the machine. */
function onAnyPort(): readonly string[] {
  return ['--listen', '/ip4/0.0.0.0/tcp/0']
}

async function offerServers(directory: string, lab: string, plant: string): Promise<void> {
  const folder = writeSampleFolder(directory)
  const filesystem = binOf('@modelcontextprotocol/server-filesystem', 'dist/index.js')
  const memory = binOf('@modelcontextprotocol/server-memory', 'dist/index.js')
  const dbhub = binOf('@bytebase/dbhub', 'dist/index.js')
  await serve(lab, 'files', [filesystem, folder])
  await serve(plant, 'memory', [
    '--env',
    `MEMORY_FILE_PATH=${join(directory, 'memory.jsonl')}`,
    memory,
  ])
  await serve(plant, 'sql', [dbhub, '--transport', 'stdio', '--demo'])
  writeFileSync(join(lab, 'policies', 'files.cedar'), FILES_POLICY)
  writeFileSync(
    join(plant, 'policies', 'plant.cedar'),
    `${openPolicy('memory')}\n${openPolicy('sql')}`,
  )
  seen('lab    files   members may read; "no-writes" refuses what changes a file')
  seen('plant  memory  members may use it        sql  members may query the sample database')
}

async function serve(place: string, name: string, words: readonly string[]): Promise<void> {
  const options = words[0] === '--env' ? words.slice(0, 2) : []
  const command = words.slice(options.length)
  await askWarren(['--dir', place, 'serve', name, ...options, '--', process.execPath, ...command])
}

function binOf(name: string, entry: string): string {
  return join(
    require.resolve
      .paths(name)
      ?.map((path) => join(path, name))
      .find(exists) ?? name,
    entry,
  )
}

function exists(path: string): boolean {
  try {
    require.resolve(join(path, 'package.json'))
    return true
  } catch {
    // Not in this node_modules: the next one up is asked.
    return false
  }
}

/** Waits until each node has admitted the two others; says who found whom, how and when. */
async function everybodyMet(nodes: readonly Daemon[]): Promise<string> {
  const suites = new Set<string>()
  for (const node of nodes) {
    const own = await node.event((event) => event['event'] === 'started', FOUND_TIMEOUT_MS)
    const others = nodes.filter((other) => other !== node)
    for (const other of others) {
      const { did, name } = await other.event(
        (event) => event['event'] === 'started',
        FOUND_TIMEOUT_MS,
      )
      const met = await node.event(
        (event) => event['event'] === 'admitted' && event['did'] === did,
        FOUND_TIMEOUT_MS,
      )
      suites.add(text(met['suite']))
      seen(
        `${text(own['name'])} admitted ${text(name)} (found by ${text(met['foundBy'])}, ${text(met['afterMs'])} ms after start)`,
      )
    }
  }
  if (suites.size !== 1) throw new Error(`one suite was expected, not ${[...suites].join(', ')}`)
  const [suite = ''] = suites
  seen(`suite  ${suite}`)
  return suite
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '?'
}
