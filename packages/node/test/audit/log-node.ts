import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Did, type VerifiedLog, verifyLog } from '@warren/identity'
import { openStore, type Store, type StoredTree } from '@warren/storage'
import {
  consistencyProof,
  type Evidence,
  historyProof,
  leafHash,
  nodeHash,
  signCheckpoint,
  type SubtreeAddress,
  TreeFrontier,
  type TreeHashes,
} from '@warren/tlog'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AuditAlert } from '../../src/audit/audit-alert.ts'
import { AuditCosigner } from '../../src/audit/audit-cosigner.ts'
import { encodeQuestion } from '../../src/audit/audit-question.ts'
import { CosignRounds, type CosignLimits } from '../../src/audit/cosign-rounds.ts'
import { LogDoubts } from '../../src/audit/log-doubts.ts'
import { LogExchange } from '../../src/audit/log-exchange.ts'
import { type MemberLog, memberLogOf } from '../../src/audit/member-log.ts'

export const NOW_SECONDS = 1_795_824_000
export { suite }

/** A log in memory, with the keys of its node: it can be grown, cut and rewritten as whoever holds the keys can. */
export class TestLog implements TreeHashes {
  readonly key: MemberLog
  readonly signers: ReturnType<typeof signersOf>
  entries: Uint8Array[] = []
  /** When the newest checkpoint was signed, in seconds after `NOW_SECONDS`. */
  seconds = 0
  note: string | undefined

  constructor(number: number) {
    const seed = (at: number): Uint8Array => new Uint8Array(32).fill(10 * number + at)
    const { log } = createIdentity({
      suite,
      nowMs: NOW_SECONDS * 1000,
      seeds: { node: seed(0), assertion: seed(1), mlDsa: seed(2), nextUpdate: seed(3) },
      firstUpdate: seed(4),
    })
    const verified: VerifiedLog = verifyLog({ suite, text: log.text, nowMs: NOW_SECONDS * 1000 })
    this.key = memberLogOf(verified)
    this.signers = signersOf(seed(1), seed(2))
  }

  get did(): Did {
    return this.key.did
  }

  get checkpoint(): string | undefined {
    return this.note
  }

  /** Adds entries and signs. */
  grow(count: number, seconds = this.seconds + 1): string {
    for (let at = 0; at < count; at += 1) {
      this.entries.push(Buffer.from(`entry ${this.entries.length}`))
    }
    return this.sign(seconds)
  }

  sign(seconds: number = this.seconds + 1): string {
    this.seconds = seconds
    this.note = this.signedAt(this.entries.length, seconds)
    return this.note
  }

  /** A checkpoint of what the log was at a size. */
  signedAt(size: number, seconds: number = this.seconds): string {
    const frontier = this.entries
      .slice(0, size)
      .reduce((tree, entry) => tree.append(leafHash(suite, entry)), TreeFrontier.empty(suite))
    const timeSeconds = NOW_SECONDS + seconds
    const { name: origin } = this.key.signer
    const root = frontier.root()
    return signCheckpoint({ suite, origin, size, root, timeSeconds, signers: this.signers })
  }

  /** Changes an entry behind everybody's back, and signs again. */
  rewrite(index: number): void {
    this.entries[index] = Buffer.from(`changed ${index}`)
  }

  hash({ level, index }: SubtreeAddress): Uint8Array {
    if (level === 0) return leafHash(suite, this.entries[index] ?? new Uint8Array())
    const child = (at: number): Uint8Array => this.hash({ level: level - 1, index: at })
    return nodeHash(suite, child(2 * index), child(2 * index + 1))
  }

  // The ports of a log are asynchronous.
  async consistencyProof(oldSize: number, size: number): Promise<readonly Uint8Array[]> {
    return consistencyProof(suite, this, { oldSize, size })
  }

  async historyProof(oldSize: number, size: number): Promise<readonly Uint8Array[]> {
    return historyProof(suite, this, { oldSize, size })
  }
}

function signersOf(
  ed25519: Uint8Array,
  mlDsa44: Uint8Array,
): {
  readonly ed25519: ReturnType<typeof suite.ed25519.signer>
  readonly mlDsa44: ReturnType<typeof suite.mlDsa44.signer>
} {
  return { ed25519: suite.ed25519.signer(ed25519), mlDsa44: suite.mlDsa44.signer(mlDsa44) }
}

/** A node as far as audit logs go: its log, what it cosigns, whom it asks. */
export interface LogNode {
  readonly log: TestLog
  readonly store: () => Store
  readonly cosigner: AuditCosigner
  readonly doubts: LogDoubts
  readonly exchange: LogExchange
  readonly rounds: CosignRounds
  readonly alerts: AuditAlert[]
  readonly evidence: Evidence[]
  readonly kept: string[]
  readonly keptLogs: Map<string, string>
  /** Goes on with a store that knows these trees and no more, as after a restart from an older copy. */
  readonly restore: (trees: readonly StoredTree[]) => void
}

/** Nodes of one mesh that reach one another at once, and without a network. */
export class LogMesh {
  readonly nodes = new Map<string, LogNode>()
  readonly enclaves = new Map<string, string>()
  /** Who is no member any more, and who cannot be reached. */
  readonly removed = new Set<string>()
  readonly away = new Set<string>()
  /** Who is connected, and answers nothing. */
  readonly silent = new Set<string>()
  /** Every question that was asked: who, whom, what. */
  readonly asked: { from: string; to: string; question: Uint8Array }[] = []
  nowMs = 1_000_000
  /** How far the clock that somebody cosigns by is from mesh time. */
  readonly clockOffMs = new Map<string, number>()

  node(
    number: number,
    options: { enclave?: string; limits?: Partial<CosignLimits> } = {},
  ): LogNode {
    const log = new TestLog(number)
    this.enclaves.set(log.did, options.enclave ?? 'plant')
    const node = logNode(this, log, options.limits)
    this.nodes.set(log.did, node)
    return node
  }

  logOf(did: string): MemberLog | undefined {
    return this.removed.has(did) ? undefined : this.nodes.get(did)?.log.key
  }

  async ask(from: string, to: string, question: Uint8Array): Promise<Uint8Array> {
    const peer = this.nodes.get(to)
    if (peer === undefined || this.away.has(to)) throw new Error('not connected')
    if (this.silent.has(to)) throw new Error('no answer in time')
    this.asked.push({ from, to, question })
    return peer.cosigner.answer(question, from)
  }

  others(did: string): readonly string[] {
    return [...this.nodes.keys()].filter(
      (each) => each !== did && !this.away.has(each) && !this.removed.has(each),
    )
  }
}

function logNode(mesh: LogMesh, log: TestLog, limits: Partial<CosignLimits> = {}): LogNode {
  let store = freshStore()
  const alerts: AuditAlert[] = []
  const evidence: Evidence[] = []
  const kept: string[] = []
  const keptLogs = new Map<string, string>()
  const ask = async (did: string, question: Uint8Array): Promise<Uint8Array> =>
    mesh.ask(log.did, did, question)
  const trees = {
    get: (did: string) => store.cosignedTrees.get(did),
    after: (...args: Parameters<Store['cosignedTrees']['after']>) =>
      store.cosignedTrees.after(...args),
    advance: (...args: Parameters<Store['cosignedTrees']['advance']>) =>
      store.cosignedTrees.advance(...args),
  }
  const alert = (each: AuditAlert): void => {
    alerts.push(each)
  }
  const onEvidence = (_of: MemberLog, each: Evidence): void => {
    evidence.push(each)
  }
  const doubts = new LogDoubts({
    suite,
    monotonicMs: () => mesh.nowMs,
    held: trees.get,
    askHistory: async (did, oldSize, size) =>
      ask(did, encodeQuestion({ ask: 'history', oldSize, size })),
    onEvidence,
    alert,
  })
  const logOf = (did: string): MemberLog | undefined => mesh.logOf(did)
  const cosigner = new AuditCosigner({
    suite,
    self: log.did,
    signers: log.signers,
    monotonicMs: () => mesh.nowMs,
    timeMs: () => NOW_SECONDS * 1000 + mesh.nowMs + (mesh.clockOffMs.get(log.did) ?? 0),
    trees,
    logOf,
    doubts,
    history: async (oldSize, size) => log.historyProof(oldSize, size),
    onEvidence,
    alert,
  })
  const exchange = new LogExchange({
    random: { randomBytes: (length) => new Uint8Array(length) },
    trees,
    doubts,
    logOf,
    members: () => mesh.others(log.did),
    ask,
  })
  const rounds = new CosignRounds({
    suite,
    self: { did: log.did, enclave: mesh.enclaves.get(log.did) ?? '' },
    signer: log.key.signer,
    log,
    monotonicMs: () => mesh.nowMs,
    timeMs: () => NOW_SECONDS * 1000 + mesh.nowMs,
    members: () =>
      mesh.others(log.did).flatMap((did) => {
        const member = mesh.logOf(did)
        return member === undefined ? [] : [{ enclave: mesh.enclaves.get(did) ?? '', log: member }]
      }),
    ask,
    keepCheckpoint: async (note) => {
      kept.push(note)
    },
    keepCosigner: async (scid, text) => {
      keptLogs.set(scid, text)
    },
    alert,
    limits,
  })
  return {
    log,
    store: () => store,
    cosigner,
    doubts,
    exchange,
    rounds,
    alerts,
    evidence,
    kept,
    keptLogs,
    restore: (copy) => {
      store = freshStore()
      for (const tree of copy) store.cosignedTrees.advance(tree, undefined)
    },
  }
}

function freshStore(): Store {
  const directory = mkdtempSync(join(tmpdir(), 'warren-audit-'))
  const store = openStore(join(directory, 'warren.db'))
  onTestFinished(() => {
    store.close()
    rmSync(directory, { recursive: true })
  })
  return store
}
