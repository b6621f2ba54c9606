import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Mesh } from './mesh.ts'
import { seen, step } from './stage.ts'
import { runWarren } from './warren-process.ts'

/** What came of verifying the lab's log, and a copy of it in which somebody has changed a word. */
export interface VerifiedLogs {
  readonly honest: string
  readonly forged: string
}

/** Copies the audit log of the lab twice, changes one of the copies, and verifies both as an auditor without the node would. */
export async function verifyLogs(directory: string, mesh: Mesh): Promise<VerifiedLogs> {
  const lab = mesh.nodes.find((node) => node.directory.endsWith('lab'))
  if (lab === undefined) throw new Error('the lab')
  const log = join(lab.directory, 'audit')
  const honest = join(directory, 'audit-copy')
  const forged = join(directory, 'audit-forged')
  for (const copy of [honest, forged]) cpSync(log, copy, { recursive: true })
  allow(forged)
  const [good, bad] = await Promise.all([verify(honest), verify(forged)])
  if (good.code !== 0) throw new Error(`the log does not verify: ${good.said}`)
  if (bad.code === 0) throw new Error('a log that was changed verifies')
  return { honest: good.said, forged: bad.said }
}

/** Says what was seen. */
export function showLogs({ honest, forged }: VerifiedLogs): void {
  step('warren audit verify: the log of the lab, copied and checked without its node')
  seen(`it is what the node signed: ${honest}`)
  seen(`a copy in which the refusal was made a permission: ${forged}`)
}

/** Turns the first refusal of a log into a permission, as somebody would who wants it forgotten. */
function allow(copy: string): void {
  const segments = join(copy, 'segments')
  for (const name of readdirSync(segments)) {
    const path = join(segments, name)
    const text = readFileSync(path, 'latin1')
    if (!text.includes('"allowed":false')) continue
    // As long as before, so that nothing else moves.
    writeFileSync(path, text.replace('"allowed":false', '"allowed":true '), 'latin1')
    return
  }
  throw new Error('no refusal is in the log')
}

async function verify(copy: string): Promise<{ readonly code: number; readonly said: string }> {
  const { code, stdout } = await runWarren(['audit', 'verify', copy])
  const lines = stdout.split('\n')
  const told = lines.find((line) => line.startsWith(code === 0 ? 'entries' : 'error:')) ?? stdout
  return { code, said: told.replaceAll(/ +/g, ' ') }
}
