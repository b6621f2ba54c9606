import { canonicalJson, isJsonObject, type JsonObject, parseJson } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { readKeyFile } from '@warren/storage'
import { leafHash, parseCheckpoint, signCheckpoint, TreeFrontier } from '@warren/tlog'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const ENTRY_LIMITS = { lengthMax: 65_536, depthMax: 16, keysMax: 1_000 }

export interface Rewriting {
  /** The data directory of a node that is not running. */
  readonly directory: string
  readonly passphrase: string
  /** Gives the entry that is to stand there, or the same one. */
  readonly change: (entry: JsonObject) => JsonObject
}

/**
 * Writes the audit log of a node anew as whoever took over its machine could: entries are changed, and every checkpoint
 * is signed again with the node's own keys, at the time of the one before it. What would give it away on that machine
 * (stored hashes, cosigned checkpoints, the index) is removed.
 */
export async function rewriteAuditLog({ directory, passphrase, change }: Rewriting): Promise<void> {
  const path = join(directory, 'keys/node.json')
  const seeds = await readKeyFile({ suite, path, passphrase: Buffer.from(passphrase) })
  const { assertion, mlDsa } = seeds
  if (assertion === undefined || mlDsa === undefined) throw new Error('a node has both keys')
  const signers = {
    ed25519: suite.ed25519.signer(assertion),
    mlDsa44: suite.mlDsa44.signer(mlDsa),
  }
  const audit = join(directory, 'audit')
  let tree = TreeFrontier.empty(suite)
  for (const name of readdirSync(join(audit, 'segments')).toSorted()) {
    const segment = join(audit, 'segments', name)
    const lines = readFileSync(segment, 'utf8').replace(/\0+$/, '').split('\n').filter(Boolean)
    const rewritten = lines.map((line) => {
      if (line.startsWith('#')) return checkpointLine(line, { tree, signers })
      const entry = canonicalJson(change(objectOf(line)))
      tree = tree.append(leafHash(suite, Buffer.from(entry)))
      return entry
    })
    rmSync(segment)
    writeFileSync(segment, `${rewritten.join('\n')}\n`, { mode: 0o600 })
  }
  for (const name of ['tile', 'cosigned.log', 'index.db']) {
    rmSync(join(audit, name), { recursive: true, force: true })
  }
}

function checkpointLine(
  line: string,
  by: {
    readonly tree: TreeFrontier
    readonly signers: Parameters<typeof signCheckpoint>[0]['signers']
  },
): string {
  const note: unknown = JSON.parse(line.slice(1))
  const { origin, lines } = parseCheckpoint(String(note))
  const timed = lines.find(({ signature }) => signature.length > 64)?.signature
  if (timed === undefined) throw new Error('a checkpoint has a line with a time')
  const timeSeconds = Number(new DataView(timed.buffer, timed.byteOffset).getBigUint64(0))
  const { tree, signers } = by
  const { size } = tree
  const text = signCheckpoint({ suite, origin, size, root: tree.root(), timeSeconds, signers })
  return `#${JSON.stringify(text)}`
}

function objectOf(line: string): JsonObject {
  const value = parseJson(line, ENTRY_LIMITS)
  if (isJsonObject(value)) return value
  throw new Error('an entry is an object')
}
