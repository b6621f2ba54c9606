import { spawnSync } from 'node:child_process'
import { appendFileSync, existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isJsonObject, type JsonObject } from '@warren/core'
import { askWarren, Daemon } from '@warren/demo/warren-process'
import { expect, test } from 'vitest'
import { codesOf, copyLog, verdictOn } from './support/audit-log.ts'
import { connectCommand, reaches, serveProgram } from './support/mesh-hosts.ts'
import { RawHost } from './support/raw-host.ts'
import { readyMesh, type ReadyNode } from './support/ready-mesh.ts'

const SERVER = join(import.meta.dirname, 'support/slow-server.ts')
const PRIVATE_MOUNTS = ['unshare', '--user', '--map-root-user', '--mount']
const CALLS_MAX = 5_000
const FILLER_BYTES = 65_536
const PATIENCE = { timeout: 20_000, interval: 250 }
const TEST_MS = 120_000

const canMount = canMountPrivately()
if (!canMount) console.log('skipped, no small disk: this user cannot mount one of its own')

function canMountPrivately(): boolean {
  const [command, ...args] = [...PRIVATE_MOUNTS, 'mount', '-t', 'tmpfs', 'none', '/tmp']
  return process.platform === 'linux' && spawnSync(command, args).status === 0
}

test.skipIf(!canMount)(
  'a full disk refuses calls with a code, says so, and lets them pass again when it has room',
  { tags: ['AUN-4', 'AFS-15', 'THR-41'], timeout: TEST_MS },
  async () => {
    await using mesh = await smallDisk()
    const { directory, disk, node } = mesh
    const raw = RawHost.start(connectCommand(node, 'slow'))
    await raw.initialize()
    expect(refusalOf(await raw.ask(1, 'tools/call', ECHO))).toBeUndefined()

    fill(join(disk, 'filler'))
    let id = await untilRefused(raw)
    const status = await askWarren(['--dir', directory, 'status'])
    expect(status['audit']).toMatchObject({
      state: 'unavailable',
      reason: 'disk-full',
      since: expect.stringMatching(/^\d{4}-/),
      refused: expect.any(Number),
    })
    // What is only looked at needs no entry.
    expect(await raw.ask((id += 1), 'tools/list', {})).toHaveProperty('result')

    rmSync(join(disk, 'filler'))
    await expect
      .poll(async () => refusalOf(await raw.ask((id += 1), 'tools/call', ECHO)), PATIENCE)
      .toBeUndefined()
    expect((await askWarren(['--dir', directory, 'status']))['audit']).toMatchObject({
      state: 'well',
    })
    await raw.leave()

    await expectWhole(mesh)
  },
)

test.skipIf(!canMount)(
  'a full disk at the node of the host lets no call out, and lets them out again when it has room',
  { tags: ['AUN-13', 'AFS-15'], timeout: TEST_MS },
  async () => {
    await using mesh = await smallDisk(['desk', 'lab'])
    const { disk, node, owner } = mesh
    await reaches(node, ['slow'])
    const raw = RawHost.start(connectCommand(node, 'slow'))
    await raw.initialize()
    expect(refusalOf(await raw.ask(1, 'tools/call', ECHO))).toBeUndefined()

    fill(join(disk, 'filler'))
    let id = await untilRefused(raw)
    const arrived = async (): Promise<number> => {
      const words = ['audit', 'search', '--kind', 'decision', '--limit', '1000']
      const { entries } = await askWarren(['--dir', owner.directory, ...words])
      return Array.isArray(entries) ? Number(Object(entries.at(-1))['rpcId']) : 0
    }
    const last = await arrived()
    for (let more = 0; more < 5; more += 1) {
      expect(refusalOf(await raw.ask((id += 1), 'tools/call', ECHO))).toBe('audit-unavailable')
    }
    expect(await arrived()).toBe(last)
    expect(await raw.ask((id += 1), 'tools/list', {})).toHaveProperty('result')

    rmSync(join(disk, 'filler'))
    await expect
      .poll(async () => refusalOf(await raw.ask((id += 1), 'tools/call', ECHO)), PATIENCE)
      .toBeUndefined()
    expect(await arrived()).toBe(id)
    await raw.leave()

    await expectWhole(mesh)
  },
)

const ECHO = { name: 'echo', arguments: { text: 'x' } }

/** The code with which the node refused a call; undefined for one that it did not. */
function refusalOf(answer: JsonObject): string | undefined {
  const { result } = answer
  const meta = isJsonObject(result) ? result['_meta'] : undefined
  const refusal = isJsonObject(meta) ? meta['internal.warren/refusal'] : undefined
  const code = isJsonObject(refusal) ? refusal['code'] : undefined
  return typeof code === 'string' ? code : undefined
}

/** Calls until what the log had room for is used up; gives the id of the first call that was refused. */
async function untilRefused(raw: RawHost): Promise<number> {
  let id = 2
  let refusal: string | undefined
  while (refusal === undefined && id < CALLS_MAX) {
    refusal = refusalOf(await raw.ask((id += 1), 'tools/call', ECHO))
  }
  expect(refusal).toBe('audit-unavailable')
  return id
}

/** The log has lost nothing, and says that it could not be written for a while. */
async function expectWhole({ root, disk }: SmallDisk): Promise<void> {
  const copy = join(root, 'copy')
  copyLog(disk, copy)
  const { said } = await verdictOn(copy)
  expect(codesOf(said, 'error')).toEqual([])
  const { entries } = await askWarren(['audit', 'search', '--log', copy, '--kind', 'alert'])
  expect(entries).toContainEqual(expect.objectContaining({ code: 'audit-recovered' }))
}

/** Writes until the disk is full. */
function fill(path: string): void {
  const bytes = Buffer.alloc(FILLER_BYTES, 1)
  try {
    for (;;) appendFileSync(path, bytes)
  } catch (error) {
    if (Object(error)['code'] !== 'ENOSPC') throw error
  }
}

interface SmallDisk extends AsyncDisposable {
  readonly root: string
  readonly node: ReadyNode
  /** The node that owns the server; the same one in a mesh of one. */
  readonly owner: ReadyNode
  readonly directory: string
  /** The mounted directory, as it is seen from outside. */
  readonly disk: string
}

/** A mesh with a first node whose audit log lies on a disk of its own, which nobody else sees but through the node's process. */
async function smallDisk(names: readonly string[] = ['lab']): Promise<SmallDisk> {
  const mesh = await readyMesh({
    names,
    prepare: async ({ name, directory }) => {
      if (name === 'lab') serveProgram(directory, 'slow', [SERVER])
    },
  })
  const node = mesh.node(names[0] ?? '')
  await node.daemon.stop()
  const audit = join(node.directory, 'audit')
  rmSync(audit, { recursive: true })
  const script = `mkdir -m 700 "${audit}" && mount -t tmpfs -o size=10m,mode=700 none "${audit}" && exec "$@"`
  node.daemon = await Daemon.start(node.directory, [...PRIVATE_MOUNTS, 'sh', '-c', script, 'sh'])
  const disk = `/proc/${node.daemon.process.pid}/root${audit}`
  if (!existsSync(join(disk, 'segments'))) throw new Error('the small disk cannot be seen')
  return {
    root: mesh.root,
    node,
    owner: mesh.node('lab'),
    directory: node.directory,
    disk,
    [Symbol.asyncDispose]: async () => mesh.close(),
  }
}
