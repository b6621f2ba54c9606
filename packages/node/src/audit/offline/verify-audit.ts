import {
  type Entry,
  type Finding,
  type KnownHead,
  LogVerifier,
  type Severity,
  type Verification,
} from '@warren/audit'
import { nodeSuite as suite } from '@warren/crypto/node-suite'
import { AuditArchive } from '@warren/storage'
import { type AuditSources, type GivenSources, readSources } from './audit-sources.ts'
import { type CosignedHead, signersOf, verifyHeads } from './cosigned-heads.ts'
import { feedArchive, type UnreadSegment } from './feed-archive.ts'
import { headFindings } from './head-findings.ts'
import { type NoteSources, readNotes } from './known-notes.ts'

const FOREIGN_NAMED_MAX = 100

export interface VerifyAuditInit extends GivenSources, NoteSources {
  /** A directory with the files of a log, `audit/` of a node or a copy of it. */
  readonly directory: string
  /** Verifies the signatures of all checkpoints, and not one for each segment. */
  readonly everySignature?: boolean
  readonly nowMs: number
  readonly onEntry?: (entry: Entry) => void
  /** Told how far it is, from 0 to 1, now and then. */
  readonly onProgress?: (done: number) => void
}

/** What is wrong, or worth knowing; codes beyond those of the log itself are about what lies beside it. */
export type AuditFinding = Omit<Finding, 'code'> & { readonly code: string }

/** What came of verifying a directory. */
export interface AuditVerdict {
  readonly sources: AuditSources
  readonly verification: Verification
  readonly findings: readonly AuditFinding[]
  /** The largest tree that cosigners vouch for and that is of this log, where there is one. */
  readonly cosigned: CosignedHead | undefined
  /** What whoever reads this has to look at elsewhere. */
  readonly notChecked: readonly string[]
}

/**
 * Verifies an audit log as it lies in a directory: every entry, every root, signatures, and what others have seen of it.
 *
 * @throws StorageError, IdentityError, MembershipError where there is nothing that could be verified
 */
export async function verifyAudit(init: VerifyAuditInit): Promise<AuditVerdict> {
  const { directory, nowMs } = init
  const archive = await AuditArchive.open(directory, suite)
  const sources = await readSources(directory, init, nowMs)
  const signers = signersOf(sources)
  const { notes, leftOut: unseen } = await readNotes(archive, init)
  // A running node has gone on since.
  await archive.refresh()
  const { heads, ...faults } = verifyHeads(notes, signers)
  const more = headFindings({ ...faults, unseen, unread: sources.cosignersLeftOut })
  const headOf = new Map(heads.map((head) => [knownHead(head), head]))
  const agreed: CosignedHead[] = []
  const foreign = new ForeignStarts()
  const verifier = new LogVerifier({
    suite,
    node: sources.log.did,
    keys: signers.log.keys,
    known: [...headOf.keys()],
    tree: archive.tiles,
    everySignature: init.everySignature ?? false,
    onEntry: (entry) => {
      if (isOfOtherMesh(entry, sources)) foreign.push(entry.seq)
      init.onEntry?.(entry)
    },
    onMatch: (known) => {
      const head = headOf.get(known)
      if (head !== undefined && head.cosignatures.length > 0) agreed.push(head)
    },
  })
  const unreadable = (await feedArchive(verifier, archive, init.onProgress)).map(segmentUnreadable)
  const verification = verifier.finish()
  // They come in the order of their sizes.
  const cosigned = agreed.at(-1)
  return {
    sources,
    verification,
    findings: [...verification.findings, ...unreadable, ...more, ...foreign.findings()],
    cosigned,
    notChecked: notCheckedOf(init, { sources, verification, cosigned }),
  }
}

/** Whether anything is wrong; warnings are for people to judge. */
export function isClean(
  { findings, verification }: AuditVerdict,
  worst: Severity = 'error',
): boolean {
  return verification.more === 0 && findings.every(({ severity }) => severity !== worst)
}

function knownHead({ checkpoint, cosignatures }: CosignedHead): KnownHead {
  const { size, root } = checkpoint
  const names = cosignatures.map(({ name }) => name)
  return {
    size,
    root,
    by: names.length === 0 ? 'whoever kept a checkpoint of it' : names.join(', '),
  }
}

function segmentUnreadable({ first, name, reason }: UnreadSegment): AuditFinding {
  const sentence = `${name} was not read to its end: ${reason}.`
  return { code: 'segment-unreadable', severity: 'error', seq: first, sentence }
}

function isOfOtherMesh(entry: Entry, { charter }: AuditSources): boolean {
  return entry.kind === 'start' && charter !== undefined && entry.mesh !== charter.meshId
}

/** Entries that tell of a start in another mesh; the first of them are named, and all are counted. */
class ForeignStarts {
  readonly #named: number[] = []
  #more = 0

  push(seq: number): void {
    if (this.#named.length < FOREIGN_NAMED_MAX) this.#named.push(seq)
    else this.#more += 1
  }

  findings(): readonly AuditFinding[] {
    const said = this.#named.map((seq) => meshForeign(seq, `Entry ${seq} says`))
    const [first] = this.#named
    if (first === undefined || this.#more === 0) return said
    return [...said, meshForeign(first, `And ${this.#more} more entries say`)]
  }
}

function meshForeign(seq: number, who: string): AuditFinding {
  const sentence = `${who} that the node was started in another mesh than that of the charter.`
  return { code: 'mesh-foreign', severity: 'error', seq, sentence }
}

function notCheckedOf(
  { everySignature = false }: VerifyAuditInit,
  { sources, verification, cosigned }: Pick<AuditVerdict, 'sources' | 'verification' | 'cosigned'>,
): readonly string[] {
  const { copied, log, charter } = sources
  const said: string[] = []
  if (copied.includes('key log')) {
    said.push(
      `The key log was read from the directory itself: that ${log.did} is the node you mean is for you to compare.`,
    )
  }
  if (charter === undefined) said.push('No charter was at hand, so the mesh was not compared.')
  else if (copied.includes('charter')) {
    said.push(
      `The charter was read from the directory itself: compare the mesh id ${charter.meshId}.`,
    )
  }
  if (copied.includes('cosigners')) {
    said.push('The key logs of cosigners were read from the directory itself: compare their DIDs.')
  }
  if (!everySignature) {
    said.push(
      'Of each segment the last signature was verified, which vouches for all before it, and of the others the roots alone.',
    )
  }
  const from = cosigned?.checkpoint.size ?? 0
  const { size } = verification
  if (size !== undefined && from < size) {
    said.push(
      `No cosignature covers entries ${from} to ${size - 1}: whoever holds the node and its keys can have rewritten them.`,
    )
  }
  said.push('Kept values are encrypted and were not read.')
  return said
}
