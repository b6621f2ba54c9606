/**
 * `pnpm bench:old-mesh`: a node that starts with thousands of old revocations, and one that joins such a mesh.
 *
 * Real processes on loopback. Options: `--records 10000`.
 */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { canonicalJson, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { askWarren, Daemon } from '@warren/demo/warren-process'
import { contentId, multihashOf } from '@warren/identity'
import { type AdminSigner, parseCharter, signByAdmins, writeRevocation } from '@warren/membership'
import { openStore, readKeyFile } from '@warren/storage'

const { values } = parseArgs({ options: { records: { type: 'string', default: '10000' } } })
const COUNT = Number(values.records)
const AT_ONCE = 500
const TIMEOUT_MS = 180_000
const ANY_PORT = ['--listen', '/ip4/127.0.0.1/tcp/0']

const root = mkdtempSync(join(tmpdir(), 'warren-old-'))
const passphraseFile = join(root, 'passphrase')
writeFileSync(passphraseFile, 'only for tests\n', { mode: 0o600 })
const secret = ['--passphrase-file', passphraseFile]
const old = ['--dir', join(root, 'old')]

await askWarren([...old, 'init', '--name', 'old', ...ANY_PORT, ...secret])
const fresh = await timed('a node starts that knows nothing', () => start('old'))
printSize('old', fresh)
await fresh.stop()
await timed(`${COUNT} revocations are signed and written`, writeRevocations)
const node = await timed(`a node starts that knows ${COUNT} revocations`, () => start('old'))
await newcomer('early', 'joins before the witness has written them down')
await timed('the witness has written all of them down', witnessed)
await newcomer('late', 'joins after that')
await node.stop()
const again = await timed('the node starts again', () => start('old'))
printSize('old', again)
await again.stop()
await timed('the newcomer starts again', async () => (await start('late')).stop())
rmSync(root, { recursive: true, force: true })

async function timed<Value>(what: string, work: () => Promise<Value>): Promise<Value> {
  const fromMs = performance.now()
  const value = await work()
  console.log(`${((performance.now() - fromMs) / 1000).toFixed(2).padStart(8)} s  ${what}`)
  return value
}

function start(name: string): Promise<Daemon> {
  return Daemon.start(join(root, name))
}

/** What a node has on disk of its mesh, and in memory of everything. */
function printSize(name: string, { process: { pid } }: Daemon): void {
  const onDisk = statSync(join(root, name, 'warren.db')).size
  // proc_pid_status(5): in kB.
  const status = process.platform === 'linux' ? readFileSync(`/proc/${pid}/status`, 'utf8') : ''
  const [, inMemory = '?'] = /^VmRSS:\s+(\d+)/m.exec(status) ?? []
  console.log(
    `           its store has ${(onDisk / 1e6).toFixed(1)} MB, its process ${inMemory} kB of memory`,
  )
}

async function newcomer(name: string, how: string): Promise<void> {
  const here = ['--dir', join(root, name)]
  const { invitation = '' } = await askWarren([...old, 'invite'])
  if (typeof invitation !== 'string') throw new Error('no invitation was printed')
  await askWarren([...here, 'join', invitation, '--name', name, ...ANY_PORT, ...secret])
  const fromMs = performance.now()
  const daemon = await start(name)
  const since = (what: string): void =>
    console.log(
      `${((performance.now() - fromMs) / 1000).toFixed(2).padStart(8)} s  a newcomer ${how}: ${what}`,
    )
  since('started')
  await daemon.event(({ event }) => event === 'admitted', TIMEOUT_MS)
  since('admitted')
  await daemon.event(({ event, state }) => event === 'freshness' && state === 'fresh', TIMEOUT_MS)
  since('fresh')
  const { removals } = await askWarren([...here, 'status'])
  since(`knows ${JSON.stringify(removals)} removals`)
  await daemon.stop()
}

/** Waits until the witness’s log has all removals, as the store shows it. */
async function witnessed(): Promise<void> {
  for (;;) {
    const store = openStore(join(root, 'old', 'warren.db'))
    const texts = [...store.records.all()].map(({ text }) => text)
    store.close()
    const sizes = texts.flatMap((text) => {
      const value: JsonObject = JSON.parse(text)
      return value['type'] === 'WarrenCheckpoint' ? [Number(value['size'])] : []
    })
    if (Math.max(0, ...sizes) >= COUNT) return
    await delay(1_000)
  }
}

async function writeRevocations(): Promise<void> {
  const directory = join(root, 'old')
  const store = openStore(join(directory, 'warren.db'))
  const { meshId, admins } = parseCharter(suite, store.charter.read() ?? '')
  const signer = await adminOf(directory, admins[0]?.did)
  const createdMs = Date.now()
  for (let at = 0; at < COUNT; at += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, COUNT - at) }, (_, n) => {
      const document = writeRevocation({
        meshId,
        uuid: `urn:uuid:00000000-0000-4000-8000-${String(at + n).padStart(12, '0')}`,
        claimedMs: createdMs,
        targets: [{ keyHash: `z${multihashOf(suite, `key ${at + n}`)}` }],
        class: 'lost',
        reason: 'long ago',
        since: [],
      })
      const text = canonicalJson(signByAdmins({ suite, document, signers: [signer], createdMs }))
      return { id: contentId(suite, document), kind: 'removal' as const, text }
    })
    store.records.add(batch)
  }
  store.close()
}

async function adminOf(
  directory: string,
  did: AdminSigner['did'] | undefined,
): Promise<AdminSigner> {
  const passphrase = new TextEncoder().encode('only for tests')
  const path = join(directory, 'keys', 'admin.json')
  const { assertion, mlDsa } = await readKeyFile({ suite, path, passphrase })
  if (did === undefined || assertion === undefined || mlDsa === undefined) {
    throw new Error('the founder’s directory holds the keys of the administrator')
  }
  return { did, ed25519: suite.ed25519.signer(assertion), mlDsa44: suite.mlDsa44.signer(mlDsa) }
}
