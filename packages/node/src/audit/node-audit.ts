import type { EntryDraft } from '@warren/audit'
import type { Clock } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { noteIdentity } from '@warren/identity'
import { systemScheduler } from '@warren/mcp'
import type { MeshRecord } from '@warren/membership'
import type { AuditReceipt } from '@warren/storage'
import { boundedReport } from '../bounded-report.ts'
import type { ConfigFile } from '../config/config-schema.ts'
import type { ServerConfig } from '../config/server-config.ts'
import type { Report } from '../node-event.ts'
import type { OpenedNode } from '../open-node.ts'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import { type AuditAlert, forkAlert } from './audit-alert.ts'
import { AuditDesk } from './audit-desk.ts'
import { AuditRetention } from './audit-retention.ts'
import { join } from 'node:path'
import { VERSION } from '../version.ts'
import { CallRecorder } from './call-recorder.ts'
import { withEntries } from './event-entry.ts'
import { SiemExport } from './export/siem-export.ts'
import { KeepRules } from './keep-rules.ts'
import { OutgoingRecorder } from './outgoing-recorder.ts'
import { meshMoment, meshNow } from './mesh-moment.ts'
import { type MeshMoment, openAudit } from './open-audit.ts'
import { recordEntry } from './record-entry.ts'
import { RefusalLedger } from './refusal-ledger.ts'

export interface NodeAuditInit {
  readonly opened: OpenedNode
  readonly clock: Clock
  readonly report: Report
  readonly config: Pick<ConfigFile, 'servers' | 'audit'>
}

const MIB = 1_048_576

type Knowledge = Pick<MeshKnowledge, 'records' | 'freshness' | 'standings' | 'admission'>
/** Filled once the parts of the node are there; the log is open before. */
interface Known {
  knowledge: Knowledge | undefined
}

/** The audit log of one node, and all that writes into it. */
export class NodeAudit {
  readonly desk: AuditDesk
  readonly calls: CallRecorder
  /** What hosts of this node ask of others. */
  readonly outgoing: OutgoingRecorder
  /** Copies of the log for others. */
  readonly copies: SiemExport
  /** The log of the node, of which some events have entries as well. */
  readonly report: Report
  /** What goes when it is old. */
  readonly retention: AuditRetention
  readonly #refusals: RefusalLedger
  readonly #unsent: RefusalLedger
  readonly #known: Known
  #keep: KeepRules

  private constructor(desk: AuditDesk, known: Known, init: NodeAuditInit) {
    const { opened, clock, report, config } = init
    this.desk = desk
    this.#known = known
    this.#keep = keepRules(config.servers)
    const tapped = withEntries({
      report,
      note: (draft) => desk.note(draft),
      recordsOf: (did) => known.knowledge?.standings.recordsOf(did) ?? [],
    })
    this.report = boundedReport(tapped, clock)
    this.copies = new SiemExport({
      log: desk.store,
      directory: join(opened.paths.audit, 'export'),
      product: { version: VERSION },
      clock,
      report: this.report,
    })
    this.retention = new AuditRetention({
      store: desk.store,
      log: noteIdentity(opened.log),
      now: () => known.knowledge && meshNow(known.knowledge.freshness),
      scheduler: systemScheduler,
      report: this.report,
    })
    const append = async (draft: EntryDraft): Promise<AuditReceipt> => desk.append(draft)
    const ledger = {
      scheduler: systemScheduler,
      append,
      note: (draft: EntryDraft): void => desk.note(draft),
    }
    this.#refusals = new RefusalLedger(ledger)
    this.#unsent = new RefusalLedger({ ...ledger, direction: 'out' })
    this.calls = new CallRecorder({
      clock,
      random: suite,
      report: this.report,
      refusals: this.#refusals,
      keep: () => this.#keep,
      append,
      onResultLost: (decision) => desk.resultLost(decision),
    })
    this.outgoing = new OutgoingRecorder({
      self: opened.log.did,
      clock,
      crypto: suite,
      report: this.report,
      refusals: this.#unsent,
      isWell: () => desk.store.health.state.status === 'well',
      enclaveOf: (did) => known.knowledge?.admission.memberOf(did)?.enclave,
      append,
      appendLater: async (draft) => desk.appendLater(draft),
      onResponseLost: (request) => desk.responseLost(request),
    })
  }

  /**
   * Opens the audit log of a node; whoever opened it ends it.
   *
   * @throws as `openAudit`
   */
  static async open(init: NodeAuditInit): Promise<NodeAudit> {
    const { opened, clock, report, config } = init
    const known: Known = { knowledge: undefined }
    const moment = (): MeshMoment =>
      known.knowledge === undefined ? {} : meshMoment(known.knowledge)
    const store = await openAudit({
      opened,
      clock,
      moment,
      segmentBytesMax: config.audit.segmentMiB * MIB,
    })
    const desk = new AuditDesk({ store, clock, scheduler: systemScheduler, report })
    return new NodeAudit(desk, known, init)
  }

  /** From here on entries say what the node knows of its mesh. */
  know(knowledge: Knowledge): void {
    this.#known.knowledge = knowledge
  }

  /** Writes down records that were taken up. */
  recordsAccepted(records: readonly MeshRecord[]): void {
    for (const record of records) {
      const entry = recordEntry(record)
      if (entry !== undefined) this.desk.note(entry)
      if (record.type === 'audit-fork') this.#alert(forkAlert(record))
    }
  }

  #alert({ code, severity, about = '', sentence }: AuditAlert): void {
    this.desk.alert({ code, severity, about, sentence })
    const message = sentence
    this.report({ event: 'audit-log', level: severity, code, did: about, message })
  }

  /** Takes over what the configuration says is to be kept of calls. */
  keepAs(servers: Readonly<Record<string, ServerConfig>>): void {
    this.#keep = keepRules(servers)
  }

  /** Hands in what is being counted, and ends the log. */
  async end(): Promise<void> {
    this.#refusals.flush()
    this.#unsent.flush()
    await this.retention.stop()
    await this.copies.stop()
    await this.desk.end()
  }
}

function keepRules(servers: Readonly<Record<string, ServerConfig>>): KeepRules {
  return new KeepRules(
    new Map(
      Object.entries(servers).flatMap(([name, { audit }]) =>
        audit === undefined ? [] : [[name, audit] as const],
      ),
    ),
  )
}
