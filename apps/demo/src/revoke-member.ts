import { join } from 'node:path'
import type { Mesh } from './mesh.ts'
import { seen, step, timed } from './stage.ts'
import { askWarren, runWarren } from './warren-process.ts'

const CUT_TIMEOUT_MS = 10_000

/** The administrator at the desk revokes the lab: every node cuts it off, and its tools are gone. */
export async function revokeMember(directory: string, mesh: Mesh): Promise<void> {
  step('warren revoke: the laptop of the lab was stolen')
  const desk = mesh.desk.directory
  const words = ['--class', 'compromised', '--reason', 'laptop stolen', '--yes']
  const passphrase = ['--passphrase-file', join(directory, 'passphrase')]
  const revoked = await timed(() =>
    askWarren(['--dir', desk, 'revoke', 'lab', ...words, ...passphrase]),
  )
  const others = mesh.nodes.filter((node) => !node.directory.endsWith('lab'))
  const cuts = await Promise.all(
    others.map((node) => node.event((event) => event['event'] === 'cut-off', CUT_TIMEOUT_MS)),
  )
  const times = cuts.map(({ at }) => Date.parse(typeof at === 'string' ? at : ''))
  const spreadMs = Math.max(...times) - Math.min(...times)
  seen(
    `${cuts.length} of ${cuts.length} nodes have cut it off, the last ${spreadMs} ms after the first (the command took ${revoked.ms.toFixed(0)} ms)`,
  )
  const call = ['call', 'files', 'read_text_file', '--args', '{"path":"pump-7.md"}']
  const refused = await timed(() => runWarren(['--dir', desk, ...call]))
  if (refused.value.code === 0) throw new Error('a revoked node still served a call')
  seen(
    `a call to it fails after ${refused.ms.toFixed(0)} ms: ${refused.value.stderr.trim().split('\n').at(-1) ?? ''}`,
  )
}
