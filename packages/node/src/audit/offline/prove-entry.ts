import { decodeEntry, type Entry } from '@warren/audit'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { AuditArchive, StorageError } from '@warren/storage'
import {
  formatPolicy,
  formatProof,
  parseCheckpoint,
  type TrustPolicy,
  verifyProof,
} from '@warren/tlog'
import { type AuditSources, type GivenSources, readSources } from './audit-sources.ts'
import { type CosignedHead, type NoteSigners, signersOf, verifyHeads } from './cosigned-heads.ts'
import { cosignedNotes } from './known-notes.ts'

export interface ProveEntryInit extends GivenSources {
  readonly directory: string
  readonly seq: number
  readonly nowMs: number
}

/** One entry, and what shows to anybody that it stands in the log. */
export interface EntryProof {
  readonly entry: Entry
  /** The bytes that were hashed, as text. */
  readonly text: string
  /** C2SP tlog-proof. */
  readonly proof: string
  /** C2SP tlog-policy: the keys of the log and of those who have cosigned, all of whom it wants. */
  readonly policy: string
  /** DIDs' names in notes of those who have cosigned the checkpoint. */
  readonly cosigners: readonly string[]
  readonly sources: AuditSources
}

/**
 * Proves one entry: under the checkpoint that most others have cosigned, or else under the newest one.
 *
 * @throws StorageError, TlogError, and as `readSources`
 */
export async function proveEntry(init: ProveEntryInit): Promise<EntryProof> {
  const { directory, seq, nowMs } = init
  const archive = await AuditArchive.open(directory, suite)
  const bytes = await archive.entry(seq)
  const sources = await readSources(directory, init, nowMs)
  const signers = signersOf(sources)
  const head = await bestHead(archive, seq, signers)
  const { checkpoint, cosignatures } = head
  const hashes = await archive.inclusionProof(seq, checkpoint.size)
  const policy = policyOf(head, signers)
  const proof = { index: seq, hashes, checkpoint }
  // Nobody is handed a proof that does not prove.
  verifyProof({ suite, proof, entry: bytes, policy })
  return {
    entry: decodeEntry(bytes),
    text: Buffer.from(bytes).toString('utf8'),
    proof: formatProof(proof),
    policy: formatPolicy(suite, policy),
    cosigners: cosignatures.map(({ name }) => name),
    sources,
  }
}

async function bestHead(
  archive: AuditArchive,
  seq: number,
  signers: NoteSigners,
): Promise<CosignedHead> {
  const { notes, leftOut } = await cosignedNotes(archive, seq + 1)
  const newest = archive.checkpoint === undefined ? [] : [archive.checkpoint]
  const { heads } = verifyHeads([...notes, ...newest], signers)
  const [best] = heads
    .filter(({ checkpoint }) => checkpoint.size > seq && checkpoint.size <= archive.size)
    .toSorted((a, b) => b.cosignatures.length - a.cosignatures.length)
  if (best !== undefined) return best
  const said = archive.checkpoint === undefined ? 0 : parseCheckpoint(archive.checkpoint).size
  const [unseen] = leftOut
  const others =
    unseen === undefined ? '' : `, and ${unseen.count} older cosigned ones were not looked at`
  throw new StorageError(
    'audit-damaged',
    `no checkpoint that this node has signed covers entry ${seq}; the newest one is of ${said} entries${others}`,
  )
}

function policyOf({ cosignatures }: CosignedHead, { log, cosigners }: NoteSigners): TrustPolicy {
  const who = cosignatures.flatMap(({ name, keysIndex }) => {
    const keys = cosigners.find((each) => each.name === name)?.keys[keysIndex]
    return keys === undefined ? [] : [{ name, keys: [keys] }]
  })
  const members = who.map(({ name }) => ({ cosigner: name }))
  const quorum = members.length === 0 ? 'none' : { threshold: members.length, members }
  return { logs: [log], cosigners: who, quorum }
}
