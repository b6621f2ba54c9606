/**
 * The main job on real parts: three nodes that find each other, real MCP servers behind them, and an
 * AI host's client that calls a tool on another machine. Ends by itself; `--stay` keeps the mesh up.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { callTools } from './host.ts'
import { foundMesh, type Mesh } from './mesh.ts'
import { elapsedMs, seconds, seen, step } from './stage.ts'
import { revokeMember } from './revoke-member.ts'
import { refuseStrangers } from './strangers.ts'
import { showLogs, verifyLogs } from './verify-log.ts'

const DEMO_TIMEOUT_MS = 120_000

const stay = process.argv.includes('--stay')
const directory = mkdtempSync(join(tmpdir(), 'warren-demo-'))
let mesh: Mesh | undefined
let failed = false

const overdue = setTimeout(() => {
  process.stderr.write(`the demo did not end within ${DEMO_TIMEOUT_MS / 1000} s\n`)
  process.exit(1)
}, DEMO_TIMEOUT_MS)

try {
  mesh = await foundMesh(directory)
  const calls = await callTools(mesh)
  // The logs are verified meanwhile: that takes two more processes, and needs nobody.
  const [refusals, logs] = await Promise.all([
    refuseStrangers(directory, mesh),
    verifyLogs(directory, mesh),
  ])
  showLogs(logs)
  if (!stay) await revokeMember(directory, mesh)
  step('Summary')
  seen(
    `3 nodes, 3 servers, ${calls.allowed} calls allowed, ${calls.refused} refused by policy, ${refusals} strangers refused`,
  )
  seen(`every byte between nodes under ${mesh.suite}`)
  seen(`mesh part took ${seconds(elapsedMs()).trim()}`)
  if (stay) await keepUp(mesh)
} catch (error) {
  failed = true
  process.stderr.write(
    `\nThe demo failed: ${error instanceof Error ? error.message : String(error)}\n`,
  )
} finally {
  clearTimeout(overdue)
  await mesh?.stop()
  rmSync(directory, { recursive: true, force: true })
}
process.exit(failed ? 1 : 0)

async function keepUp({ snippet }: Mesh): Promise<void> {
  clearTimeout(overdue)
  step('The mesh stays up. Paste this into your AI host; Ctrl+C ends it.')
  process.stdout.write(`${snippet}\n`)
  const { promise, resolve } = Promise.withResolvers<void>()
  process.once('SIGINT', resolve)
  process.once('SIGTERM', resolve)
  await promise
}
