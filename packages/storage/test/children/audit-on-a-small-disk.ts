import { execFileSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { join } from 'node:path'
import type { AuditStore } from '@warren/storage'
import { alert, openAudit } from '../audit/audit-node.ts'

/** Runs in a mount namespace of its own, where a disk can be mounted that nobody else sees. */
const [mountPoint = ''] = process.argv.slice(2)
mount('-t', 'tmpfs', '-o', 'size=400k,mode=700', 'none', mountPoint)
const directory = join(mountPoint, 'audit')
const acknowledged: number[] = []
let audit = await openAudit(directory)

const full = changeOf(audit)
while (audit.health.state.status === 'well')
  acknowledged.push((await audit.append(alert('x'.repeat(500)))).seq)
say('full', await full, await kept())
say('refused', await codeOf())

const room = changeOf(audit)
mount('-o', 'remount,size=2m', mountPoint)
say('room', await room)
acknowledged.push((await audit.append(alert('after'))).seq)

// A file that is open for writing keeps a disk from becoming read-only; after a start it is not.
await audit.stop()
mount('-o', 'remount,ro', mountPoint)
say('read-only', ...(await openReadOnly()))
mount('-o', 'remount,rw', mountPoint)
audit = await openAudit(directory)
acknowledged.push((await audit.append(alert('writable'))).seq)
say('writable', audit.health.state.status)
await audit.stop()
audit = await openAudit(directory)
say('reopened', await kept())
await audit.stop()

async function openReadOnly(): Promise<readonly string[]> {
  try {
    const store = await openAudit(directory)
    await store.stop()
    return ['opened']
  } catch (error) {
    const [code, cause] = [error, error instanceof Error ? error.cause : undefined].map(
      codeOrReason,
    )
    return [cause ?? '', code ?? '']
  }
}

function codeOrReason(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('reason' in error) return String(error.reason)
  return 'code' in error ? String(error.code) : error.message
}

async function kept(): Promise<string> {
  const there = new Set<number>()
  for await (const { seq } of audit.entries(0)) there.add(seq)
  const lost = acknowledged.filter((seq) => !there.has(seq))
  return lost.length === 0 ? 'every acknowledged entry is there' : `lost: ${lost.join(' ')}`
}

async function codeOf(): Promise<string> {
  try {
    await audit.append(alert('refused'))
    return 'written'
  } catch (error) {
    return codeOrReason(error)
  }
}

/** What the log says of itself when that changes. */
async function changeOf(store: AuditStore): Promise<string> {
  return new Promise((resolve) => {
    const stop = store.health.listen((state) => {
      stop()
      resolve(state.status === 'well' ? 'well' : state.reason)
    })
  })
}

function mount(...args: readonly string[]): void {
  execFileSync('mount', args)
}

function say(...words: readonly string[]): void {
  writeSync(1, `${JSON.stringify(words)}\n`)
}
