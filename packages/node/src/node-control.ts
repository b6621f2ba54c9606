import type { Socket } from 'node:net'
import type { Clock, JsonObject, JsonValue } from '@warren/core'
import { type Did, formatTimestamp } from '@warren/identity'
import { indexServers, type Provider } from '@warren/mcp'
import { memberList } from '@warren/membership'
import type { Network } from '@warren/network'
import type { AdmissionDesk } from './admission-desk.ts'
import type { ApprovalDesk } from './approval/approval-desk.ts'
import type { BehaviourDesk } from './behaviour/behaviour-desk.ts'
import { configEntry } from './audit/config-entry.ts'
import type { CosigningDesk } from './audit/cosigning-desk.ts'
import type { NodeAudit } from './audit/node-audit.ts'
import { callTool } from './call-tool.ts'
import type { CapabilityDesk } from './capability/capability-desk.ts'
import { type Config, loadConfig } from './config/load-config.ts'
import { restartNeeded } from './config/restart-needed.ts'
import { serverDefinitions } from './config/server-definitions.ts'
import {
  type CallRequest,
  type ControlRequest,
  type ExplainRequest,
  type InviteRequest,
  isRecordsRequest,
  isStateRequest,
  isToolCallRequest,
  type RecordsRequest,
  type StateRequest,
} from './control/control-protocol.ts'
import { findMember } from './ceremony/find-member.ts'
import type { ControlHandler } from './control/control-server.ts'
import type { HostDoors } from './host-doors.ts'
import {
  answerAboutApprovals,
  type ApprovalsRequest,
  isApprovalsRequest,
} from './control/approvals-protocol.ts'
import { answerAboutAudit, type AuditRequest, isAuditRequest } from './control/audit-protocol.ts'
import {
  answerAboutLimits,
  isLimitsRequest,
  keptOutOf,
  type LimitsRequest,
} from './control/limits-protocol.ts'
import { answerAboutRecords } from './control/answer-about-records.ts'
import { describeKnowledge } from './control/describe-knowledge.ts'
import { describeView } from './control/describe-view.ts'
import { witnessWarnings } from './control/witness-words.ts'
import type { JoinDesk } from './join-desk.ts'
import { listTools } from './list-tools.ts'
import type { MeshCatalog } from './mesh-catalog.ts'
import { isNoSuchServer, noSuchServer, notShown } from './no-such-server.ts'
import { stale } from './mesh-streams.ts'
import { NodeError } from './node-error.ts'
import type { Report } from './node-event.ts'
import { describeExplanation } from './policy/describe-explanation.ts'
import { liveTools } from './policy/pin/live-tools.ts'
import type { PolicyDesk } from './policy/set/policy-desk.ts'
import { makeStaple } from './records/make-staple.ts'
import type { MeshKnowledge } from './records/mesh-knowledge.ts'
import type { OpenedNode } from './open-node.ts'
import type { PolicyGate } from './policy-gate.ts'

export interface NodeControlInit {
  readonly opened: OpenedNode
  readonly config: Config
  readonly network: Network
  readonly admission: AdmissionDesk
  readonly provider: Provider
  readonly capabilities: Pick<CapabilityDesk, 'refresh'>
  readonly gate: PolicyGate
  readonly approvals: ApprovalDesk
  readonly policyDesk: PolicyDesk
  readonly behaviour: BehaviourDesk
  readonly audit: Pick<NodeAudit, 'desk' | 'copies' | 'keepAs' | 'retention'>
  readonly cosigning: Pick<CosigningDesk, 'describe'>
  readonly catalog: MeshCatalog
  readonly doors: HostDoors
  readonly joinDesk: JoinDesk
  readonly mesh: Pick<MeshKnowledge, 'records' | 'freshness' | 'standings'>
  readonly report: Report
  readonly clock: Clock
}

const INVITATION_ADDRESSES_MAX = 8

/** What the commands on this machine can have from the running node. */
export class NodeControl implements ControlHandler {
  readonly #init: NodeControlInit
  readonly #startedMs: number
  readonly #stop = Promise.withResolvers<void>()

  constructor(init: NodeControlInit) {
    this.#init = init
    this.#startedMs = init.clock.monotonicMs()
  }

  /** Resolves when a command has asked the node to stop. */
  get stopRequested(): Promise<void> {
    return this.#stop.promise
  }

  async answer(request: ControlRequest, signal: AbortSignal): Promise<JsonValue> {
    if (isPartRequest(request)) return this.#aboutPart(request)
    if (isToolCallRequest(request)) return this.#aboutCall(request, signal)
    if (isStateRequest(request)) return this.#describe(request)
    switch (request.do) {
      case 'tools':
        return this.#tools(request.server, signal)
      case 'definitions':
        return this.#definitions(request.server, signal)
      case 'invite':
        return this.#invite(request)
      case 'reload':
        return this.#reload()
      case 'stop':
        return this.#requestStop()
      case 'connect':
      default:
        throw new NodeError('control-malformed', '"connect" opens a pipe and has no answer')
    }
  }

  connect(server: string | undefined, socket: Socket, accept: () => void): Promise<void> {
    return this.#init.doors.serveSocket(server, socket, accept)
  }

  onDefect(error: unknown): void {
    const message = error instanceof Error ? (error.stack ?? error.message) : 'unknown'
    this.#init.report({ event: 'defect', level: 'error', message })
  }

  async #aboutPart(request: PartRequest): Promise<JsonValue> {
    if (isRecordsRequest(request)) return answerAboutRecords(this.#init.mesh, request)
    if (isAuditRequest(request)) return answerAboutAudit(this.#init.audit, request)
    if (isLimitsRequest(request)) {
      return answerAboutLimits(this.#init.behaviour, request, (who) => this.#didOf(who))
    }
    return answerAboutApprovals(this.#init, request)
  }

  /** A DID stands for itself, also one that nobody here has heard of. */
  #didOf(who: string): Did {
    const { records, freshness } = this.#init.mesh
    return findMember(memberList(records.set, freshness.meshTimeMs()), who).did
  }

  #requestStop(): JsonValue {
    this.#stop.resolve()
    return null
  }

  async #describe({ do: what }: StateRequest): Promise<JsonObject> {
    switch (what) {
      case 'status':
        return this.#status()
      case 'peers':
        return this.#peers()
      case 'staple':
        return this.#staple()
      case 'capabilities':
      default:
        return this.#init.capabilities.refresh()
    }
  }

  #status(): JsonObject {
    const { opened, config, network, provider, catalog, doors, mesh, clock, audit, cosigning } =
      this.#init
    const { admission, approvals, behaviour, policyDesk, gate } = this.#init
    const { servers, sessions, shared, streams } = provider.status()
    return {
      name: config.name,
      did: opened.log.did,
      peerId: network.peerId,
      mesh: opened.charter.meshId,
      meshName: opened.charter.name,
      memberName: opened.membership.name ?? null,
      administers: opened.admin !== undefined,
      ...describeKnowledge(mesh, opened.membership),
      addresses: network.addresses(),
      http: doors.httpAddress ?? null,
      peers: network.peers().length,
      ...describeView(mesh, network.diversity(), [
        ...policyDesk.warnings(),
        ...witnessWarnings({ ...mesh, admission }),
        ...gate.changedTools().map((id) => `the tool ${id} is not the one that was pinned`),
      ]),
      policySet: policyDesk.describe(),
      servers,
      serverSessions: sessions + shared,
      streams,
      reachable: catalog.servers().map(({ alias }) => alias),
      approvalsWaiting: approvals.waiting.length,
      keptOut: keptOutOf(behaviour),
      audit: audit.desk.describe(),
      auditCosigned: cosigning.describe(),
      exports: audit.copies.status(),
      uptimeSeconds: Math.round((clock.monotonicMs() - this.#startedMs) / 1000),
    }
  }

  #peers(): JsonObject {
    const { network, admission } = this.#init
    const peers = network.peers().map((peer) => {
      const member = admission.memberOf(peer.did)
      return {
        did: peer.did,
        name: member?.membership.name ?? null,
        peerId: peer.peerId,
        enclave: member?.enclave ?? null,
        roles: member?.roles ?? [],
        address: peer.address,
        direction: peer.direction,
        found: peer.discoveredBy,
        suite: peer.suite,
      }
    })
    return { peers }
  }

  async #staple(): Promise<JsonObject> {
    const { mesh, opened } = this.#init
    const { text, asOfMs } = await makeStaple(mesh, opened.log.did)
    return { staple: text, asOf: formatTimestamp(asOfMs) }
  }

  async #tools(server: string | undefined, signal: AbortSignal): Promise<JsonObject> {
    const { catalog, network, opened } = this.#init
    // What somebody opened a moment ago should be there now, not after the next round.
    await Promise.all(
      [opened.log.did, ...network.peers().map(({ did }) => did)].map((did) => catalog.refresh(did)),
    )
    const wanted = catalog.servers().filter(({ alias }) => server === undefined || alias === server)
    if (server !== undefined && wanted.length === 0) throw noSuchServer(server)
    const { tools, problems } = await listTools({
      catalog: catalog.through('command'),
      servers: wanted,
      signal,
    })
    return { tools, problems }
  }

  async #definitions(server: string, signal: AbortSignal): Promise<JsonObject> {
    const { catalog, opened, provider } = this.#init
    const self = opened.log.did
    const tools = await liveTools({ catalog, self, server }, signal).catch((error: unknown) => {
      throw isNoSuchServer(error) && provider.has(server) ? notShown(server) : error
    })
    return { tools }
  }

  async #aboutCall(request: CallRequest | ExplainRequest, signal: AbortSignal): Promise<JsonValue> {
    return request.do === 'call'
      ? callTool(this.#init.catalog.through('command'), request, signal).catch((error: unknown) => {
          throw this.#ownReason(error)
        })
      : this.#explain(request)
  }

  /** Where this node's own knowledge is too old nobody shows it anything: that it is missing is not about the server. */
  #ownReason(error: unknown): unknown {
    if (!isNoSuchServer(error)) return error
    const { state } = this.#init.mesh.freshness.judge()
    return state === 'stop' || state === 'deny-new' ? stale() : error
  }

  /** @throws NodeError `no-such-server`, `no-such-member`, `name-ambiguous`, IdentityError */
  async #explain({ caller, server, tool, arguments: args }: ExplainRequest): Promise<JsonObject> {
    const { provider, gate } = this.#init
    if (!provider.has(server)) {
      throw new NodeError('no-such-server', `this node offers no server "${server}"`)
    }
    const did = this.#didOf(caller)
    const params = { name: tool, arguments: args }
    const message = { jsonrpc: '2.0', id: 0, method: 'tools/call', params } as const
    const question = { caller: { did }, server, message, bytes: 0 }
    return describeExplanation(await gate.explain(question))
  }

  #invite(wish: InviteRequest): JsonObject {
    const { joinDesk, network, opened, mesh, clock } = this.#init
    const addresses = network.addresses()
    if (addresses.length === 0) {
      throw new NodeError(
        'address-unusable',
        'this node listens on no address that another machine could reach',
      )
    }
    const expiresMs = Math.floor((clock.wallMs() + wish.expiresInMs) / 1000) * 1000
    const invitation = joinDesk.invite({
      roles: wish.roles,
      enclave: wish.enclave ?? mesh.standings.enclaveOf(opened.membership),
      expiresMs,
      addresses: addresses.slice(0, INVITATION_ADDRESSES_MAX),
    })
    return { invitation, expires: new Date(expiresMs).toISOString() }
  }

  async #reload(): Promise<JsonObject> {
    const { config, provider, gate, policyDesk, audit, catalog, opened, report } = this.#init
    const fresh = loadConfig(config.directory)
    // Both are read and checked before either is taken over.
    const definitions = serverDefinitions(fresh.servers)
    indexServers(definitions)
    const policies = await policyDesk.load(fresh)
    const servers = Object.keys(fresh.servers)
    const restart = restartNeeded(config, fresh)
    // What cannot be written down does not come into force.
    await policyDesk.activate(policies, async () => {
      await audit.desk.policyChanged(gate.policyDigest, policies)
      await audit.desk.append(configEntry(servers, restart))
    })
    gate.replace(policies)
    // In the same turn, so that nothing is decided by the new rules for the servers before.
    const configured = provider.configure(definitions)
    audit.keepAs(fresh.servers)
    await configured
    await audit.copies.configure(fresh.audit.export)
    audit.retention.configure(fresh.audit.retention)
    void catalog.refresh(opened.log.did)
    const rules = policies.engine.ruleCount
    report({ event: 'reloaded', level: 'info', servers: servers.length, rules, restart })
    return { servers, rules, restart }
  }
}

/** What one part of the node answers. */
type PartRequest = RecordsRequest | AuditRequest | ApprovalsRequest | LimitsRequest

function isPartRequest(request: ControlRequest): request is PartRequest {
  return (
    isRecordsRequest(request) ||
    isAuditRequest(request) ||
    isApprovalsRequest(request) ||
    isLimitsRequest(request)
  )
}
