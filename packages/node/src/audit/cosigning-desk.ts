import { canonicalJson, type Clock, type JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { noteIdentity, scidOf } from '@warren/identity'
import { RECORD_LENGTH_MAX, writeAuditFork } from '@warren/membership'
import type { AuditPort, Network } from '@warren/network'
import type { AuditStore } from '@warren/storage'
import { type Evidence, parseCheckpoint } from '@warren/tlog'
import type { Report } from '../node-event.ts'
import type { OpenedNode } from '../open-node.ts'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import type { AuditAlert } from './audit-alert.ts'
import { AuditCosigner } from './audit-cosigner.ts'
import type { AuditDesk } from './audit-desk.ts'
import { encodeQuestion } from './audit-question.ts'
import { type AskMember, askInTurn } from './ask-in-turn.ts'
import { type CosigningMember, CosignRounds } from './cosign-rounds.ts'
import { LogDoubts } from './log-doubts.ts'
import { LogExchange } from './log-exchange.ts'
import type { MemberLog } from './member-log.ts'
import { MemberLogs } from './member-logs.ts'

export interface CosigningDeskInit {
  readonly opened: Pick<OpenedNode, 'log' | 'charter' | 'signer' | 'store' | 'membership'>
  readonly desk: Pick<AuditDesk, 'store' | 'alert'>
  readonly mesh: Pick<MeshKnowledge, 'records' | 'standings' | 'freshness' | 'admission'>
  readonly network: () => Pick<Network, 'peers' | 'askAudit'>
  readonly clock: Clock
  readonly report: Report
}

/** Where a node meets others about audit logs: has its own cosigned, cosigns theirs, and hands on what contradicts itself. */
export class CosigningDesk {
  /** Answers what members ask. */
  readonly port: AuditPort
  readonly #init: CosigningDeskInit
  readonly #logs: MemberLogs
  readonly #doubts: LogDoubts
  readonly #exchange: LogExchange
  readonly #rounds: CosignRounds
  readonly #stopping = new AbortController()

  constructor(init: CosigningDeskInit) {
    const { opened, mesh, network } = init
    this.#init = init
    const { admission } = mesh
    this.#logs = new MemberLogs({
      suite,
      objection: (did) => admission.objection(did),
      isCurrent: (log) => admission.isCurrentLog(log),
      shownLog: (did) => admission.memberOf(did)?.log,
      storedLog: (did) => opened.store.peers.get(did)?.log,
    })
    const ask = askInTurn(async (did, question) =>
      network().askAudit(did, question, this.#stopping.signal),
    )
    this.#doubts = this.#makeDoubts(ask)
    this.port = this.#makeCosigner(this.#doubts)
    this.#exchange = new LogExchange({
      random: suite,
      trees: opened.store.cosignedTrees,
      doubts: this.#doubts,
      logOf: (did) => this.#logs.of(did),
      members: () => this.#members().map(({ log }) => log.did),
      ask,
    })
    this.#rounds = this.#makeRounds(ask)
  }

  start(): void {
    this.#rounds.start()
    this.#exchange.start()
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#rounds.stop()
    await this.#exchange.stop()
    await this.#doubts.settled()
  }

  /** How the log of this node stands with its cosigners, for its status. */
  describe(): JsonObject {
    const { size, ageMs, asked, cosigners, uncosignedMs, isAlarmed } = this.#rounds.status()
    return {
      state: stateOf({ isAlarmed, asked: asked.length }),
      cosignedEntries: size,
      ageSeconds: ageMs === undefined ? null : Math.round(ageMs / 1000),
      cosigners: `${cosigners.length} of ${asked.length} asked`,
      uncosignedSeconds: Math.round(uncosignedMs / 1000),
    }
  }

  #makeDoubts(ask: AskMember): LogDoubts {
    const { opened, clock } = this.#init
    const { store } = opened
    return new LogDoubts({
      suite,
      monotonicMs: () => clock.monotonicMs(),
      held: (did) => store.cosignedTrees.get(did),
      askHistory: async (did, oldSize, size) =>
        ask(did, encodeQuestion({ ask: 'history', oldSize, size })),
      onEvidence: (log, evidence) => this.#tellAll(log, evidence),
      alert: (alert) => this.#alert(alert),
    })
  }

  #makeCosigner(doubts: LogDoubts): AuditCosigner {
    const { opened, desk, mesh, clock } = this.#init
    return new AuditCosigner({
      suite,
      self: opened.log.did,
      signers: opened.signer,
      monotonicMs: () => clock.monotonicMs(),
      timeMs: () => mesh.freshness.meshTimeMs(),
      trees: opened.store.cosignedTrees,
      logOf: (did) => this.#logs.of(did),
      doubts,
      history: async (oldSize, size) => historyOf(desk.store, oldSize, size),
      onEvidence: (log, evidence) => this.#tellAll(log, evidence),
      alert: (alert) => this.#alert(alert),
    })
  }

  #makeRounds(ask: AskMember): CosignRounds {
    const { opened, desk, mesh, clock } = this.#init
    const { store } = desk
    return new CosignRounds({
      suite,
      self: {
        did: opened.log.did,
        get enclave() {
          return mesh.standings.enclaveOf(opened.membership)
        },
      },
      signer: noteIdentity(opened.log),
      log: store,
      monotonicMs: () => clock.monotonicMs(),
      timeMs: () => mesh.freshness.meshTimeMs(),
      members: () => this.#members(),
      ask,
      keepCheckpoint: async (note) => store.cosigned.add(note, store.segments),
      keepCosigner: async (scid, keyLog) => this.#keepCosigner(scid, keyLog),
      alert: (alert) => this.#alert(alert),
    })
  }

  /** Members that are connected now, each once. */
  #members(): readonly CosigningMember[] {
    const { network, mesh } = this.#init
    const dids = new Set(
      network()
        .peers()
        .map(({ did }) => did),
    )
    return [...dids].flatMap((did) => {
      const log = this.#logs.of(did)
      const enclave = mesh.admission.memberOf(did)?.enclave
      return log === undefined || enclave === undefined ? [] : [{ log, enclave }]
    })
  }

  async #keepCosigner(scid: string, keyLog: string): Promise<void> {
    const { desk, report } = this.#init
    const gone = await desk.store.copies.writeCosignerLog(scid, keyLog)
    if (gone === 0) return
    const message = `${gone} key logs of members who cosigned long ago were removed from beside the log, which keeps no more: whoever verifies what they cosigned has to have them from elsewhere`
    report({ event: 'audit-log', level: 'warn', code: 'cosigner-logs-removed', message })
  }

  #alert(alert: AuditAlert): void {
    const { code, severity, about, sentence } = alert
    this.#init.desk.alert({ code, severity, ...(about === undefined ? {} : { about }), sentence })
    this.#init.report({
      event: 'audit-log',
      level: severity,
      code,
      ...(about === undefined ? {} : { did: about }),
      message: sentence,
    })
  }

  /** Makes a record of evidence, which reaches every member; of each log one is enough. */
  #tellAll({ did, keyLog }: MemberLog, evidence: Evidence): void {
    const { opened, mesh } = this.#init
    if (mesh.records.set.tables.auditForks.has(scidOf(did))) return
    const document = writeAuditFork(opened.charter.meshId, { did, keyLog, evidence })
    const text = canonicalJson(document)
    if (text.length > RECORD_LENGTH_MAX) {
      this.#alert({ code: 'log-forked', severity: 'error', about: did, sentence: TOO_LONG })
      return
    }
    void this.#submit(text)
  }

  async #submit(text: string): Promise<void> {
    const { mesh, report } = this.#init
    const { refused, durable } = await mesh.records.submit([text])
    const [reason] = refused
    if (reason === undefined && durable) return
    const message = reason?.message ?? 'it could not be written down'
    report({ event: 'audit-log', level: 'error', code: 'evidence-not-passed-on', message })
  }
}

const TOO_LONG =
  'The audit log of this member contradicts itself; its key log is too long to tell others.'

function stateOf({
  isAlarmed,
  asked,
}: {
  readonly isAlarmed: boolean
  readonly asked: number
}): string {
  if (isAlarmed) return 'not cosigned by enough members'
  return asked === 0 ? 'nobody to ask' : 'well'
}

/** What this node's log was; nothing where it does not have such sizes. */
async function historyOf(
  store: AuditStore,
  oldSize: number,
  size: number,
): Promise<readonly Uint8Array[]> {
  const { checkpoint } = store
  if (checkpoint === undefined || size > parseCheckpoint(checkpoint).size) return []
  return store.historyProof(oldSize, size)
}
