import type { Clock } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { Provider, systemScheduler } from '@warren/mcp'
import type { Network } from '@warren/network'
import type { ApprovalDesk } from './approval/approval-desk.ts'
import { createApprovals } from './approval/create-approvals.ts'
import type { BehaviourDesk } from './behaviour/behaviour-desk.ts'
import { createBehaviour } from './behaviour/create-behaviour.ts'
import type { CallAudit } from './audit/call-audit.ts'
import type { CosigningDesk } from './audit/cosigning-desk.ts'
import { NodeAudit } from './audit/node-audit.ts'
import type { OutgoingCalls } from './audit/outgoing-recorder.ts'
import { CallDesk } from './call-desk.ts'
import type { CapabilityDesk } from './capability/capability-desk.ts'
import { coveringCapabilities } from './capability/covering-capabilities.ts'
import { createCapabilityDesk } from './capability/create-capability-desk.ts'
import { componentLogger } from './component-logger.ts'
import { messageLimitsOf, providerLimitsOf } from './config/applied-limits.ts'
import { type Config, loadConfig } from './config/load-config.ts'
import { serverDefinitions } from './config/server-definitions.ts'
import { ControlServer } from './control/control-server.ts'
import { controlSocketOf } from './data-directory.ts'
import { HostDoors } from './host-doors.ts'
import type { PolicySet } from './load-policies.ts'
import { MeshCatalog } from './mesh-catalog.ts'
import { createMeshParts, type MeshParts } from './mesh-parts.ts'
import { MeshStreams } from './mesh-streams.ts'
import { NodeControl } from './node-control.ts'
import { NodeError } from './node-error.ts'
import type { Report } from './node-event.ts'
import { type OpenedNode, openNode } from './open-node.ts'
import { liveTools } from './policy/pin/live-tools.ts'
import type { ToolLooks } from './policy/pin/own-look.ts'
import { openPolicyDesk, type PolicyDesk } from './policy/set/policy-desk.ts'
import { PolicyGate } from './policy-gate.ts'
import { Enforcement } from './records/enforcement.ts'
import { FreshnessWatch } from './records/freshness-watch.ts'
import type { RecordDesk } from './records/record-desk.ts'
import { systemClock } from './system-clock.ts'
import { VERSION } from './version.ts'

export interface StartNodeInit {
  readonly directory: string
  /** Opens the key files. The caller wipes it. */
  readonly passphrase: Uint8Array
  readonly report: Report
  /** Whether whoever starts a witness that was off vouches for the wall clock of this machine. */
  readonly trustClock?: boolean
  /** The clocks of this machine when absent. */
  readonly clock?: Clock
  /** Takes the place of the audit log for calls, so that a benchmark can tell what the log costs; no configuration can. */
  readonly callAudit?: CallAudit
}

/** A node that is up. */
export interface RunningNode {
  readonly did: string
  /** Resolves when a command on this machine has asked the node to stop. */
  readonly stopRequested: Promise<void>
  /** Ends calls, processes and connections, and waits until all of it has ended. */
  stop(): Promise<void>
}

/** Starts the node of a data directory: the place where all parts meet. */
export async function startNode(init: StartNodeInit): Promise<RunningNode> {
  const config = loadConfig(init.directory)
  const clock = init.clock ?? systemClock
  const opened = await openNode(init.directory, init.passphrase, clock)
  const site = await openSite(init, { config, opened, clock })
  const parts = await composed(site)
  try {
    await start(site, parts)
  } catch (error) {
    // Whatever had started already ends again; that it has stopped is not said of what was never up.
    await end(site, parts)
    throw error
  }
  return {
    did: opened.log.did,
    stopRequested: parts.commands.stopRequested,
    stop: () => stop(site, parts),
  }
}

/** What a node is made from. */
interface Site {
  readonly directory: string
  readonly config: Config
  readonly opened: OpenedNode
  readonly audit: NodeAudit
  readonly callAudit: CallAudit
  readonly outgoing: OutgoingCalls | undefined
  readonly policyDesk: PolicyDesk
  readonly report: Report
  readonly clock: Clock
  readonly trustClock: boolean
}

async function openSite(
  { report, trustClock = false, callAudit }: StartNodeInit,
  { config, opened, clock }: Pick<Site, 'config' | 'opened' | 'clock'>,
): Promise<Site> {
  try {
    const audit = await NodeAudit.open({ opened, clock, report, config })
    return {
      directory: config.directory,
      config,
      opened,
      audit,
      callAudit: callAudit ?? audit.calls,
      outgoing: callAudit === undefined ? audit.outgoing : undefined,
      policyDesk: openPolicyDesk({ opened, audit, clock }),
      report: audit.report,
      clock,
      trustClock,
    }
  } catch (error) {
    opened.close()
    throw error
  }
}

interface Parts {
  /** What decided when the node was made. */
  readonly policies: PolicySet
  readonly network: Network
  readonly cosigning: CosigningDesk
  readonly gate: PolicyGate
  readonly provider: Provider
  readonly capabilities: CapabilityDesk
  readonly behaviour: BehaviourDesk
  readonly catalog: MeshCatalog
  readonly calls: CallDesk
  readonly records: RecordDesk
  readonly enforcement: Enforcement
  readonly watch: FreshnessWatch
  readonly doors: HostDoors
  readonly commands: NodeControl
  readonly control: ControlServer
}

/** The parts; a configuration of which none can be made leaves nothing open. */
async function composed(site: Site): Promise<Parts> {
  try {
    return compose(site, await site.policyDesk.start(site.config))
  } catch (error) {
    await site.audit.desk.store.stop()
    site.opened.close()
    throw error
  }
}

function compose(site: Site, policies: PolicySet): Parts {
  const { opened, config, report, clock, audit } = site
  const mesh = createMeshParts(site, (dids, arrivedMs) => {
    enforcement.enforce(dids, arrivedMs)
    calling.capabilities.recheck()
  })
  const { self, network, cosigning, records, freshness, admission, joinDesk } = mesh
  audit.know(mesh)
  const calling: CallParts = createProvider(site, mesh, {
    policies,
    toolLooks: toolLooksOf(self.did, () => catalog),
  })
  const { provider } = calling
  const streams = createStreams(mesh, provider)
  const catalog: MeshCatalog = createCatalog(site, streams)
  const enforcement: Enforcement = new Enforcement({
    self: self.did,
    network,
    provider,
    catalog,
    admission,
    report,
    clock,
  })
  const watch = new FreshnessWatch({ network, provider, streams, catalog, freshness, report })
  const calls = new CallDesk({ network, provider, admission, catalog, report, clock })
  const doors = new HostDoors({ suite, config, catalog, logger: componentLogger(report) })
  const commands = new NodeControl({
    opened,
    config,
    network,
    admission,
    ...calling,
    policyDesk: site.policyDesk,
    audit,
    cosigning,
    catalog,
    doors,
    joinDesk,
    mesh,
    report,
    clock,
  })
  return {
    policies,
    network,
    cosigning,
    ...calling,
    catalog,
    calls,
    records,
    enforcement,
    watch,
    doors,
    commands,
    control: new ControlServer(controlSocketOf(site.directory), commands),
  }
}

/** By what the gate decides. */
interface Deciding {
  readonly policies: PolicySet
  readonly toolLooks: ToolLooks
}

/** What stands between callers and servers. */
interface CallParts {
  readonly gate: PolicyGate
  readonly provider: Provider
  readonly approvals: ApprovalDesk
  readonly capabilities: CapabilityDesk
  readonly behaviour: BehaviourDesk
}

/** What the node is shown itself goes the way of any host of its own. */
function toolLooksOf(self: string, catalogOf: () => MeshCatalog): ToolLooks {
  return {
    look: (server, signal) => liveTools({ catalog: catalogOf(), self, server }, signal),
    scheduler: systemScheduler,
  }
}

function createProvider(site: Site, mesh: MeshParts, { policies, toolLooks }: Deciding): CallParts {
  const { config, report, clock, callAudit } = site
  const { self, standings, freshness } = mesh
  const approvals = createApprovals(site)
  const capabilities: CapabilityDesk = createCapabilityDesk(site, mesh, () => provider)
  const behaviour = createBehaviour(site, self.did, () => provider)
  const gate = new PolicyGate(policies, {
    clock,
    report,
    audit: callAudit,
    approvals,
    capabilities: coveringCapabilities(capabilities),
    behaviour,
    toolLooks,
    self: self.did,
    standingOf: (did, view, keys) => standings.inView(did, view, keys),
    freshnessFor: (server) => freshness.viewFor(server),
  })
  const provider: Provider = new Provider({
    servers: serverDefinitions(config.servers),
    gate,
    withdrawn: (servers) => gate.serversReplaced(servers),
    present: async (text, caller) => {
      const objection = behaviour.objection(caller.did)
      if (objection !== undefined) throw new NodeError('caller-kept-out', objection.sentence)
      await capabilities.take(text, caller)
    },
    clock,
    logger: componentLogger(report),
    limits: providerLimitsOf(config),
  })
  return { gate, provider, approvals, behaviour, capabilities }
}

function createStreams({ self, network, freshness }: MeshParts, provider: Provider): MeshStreams {
  return new MeshStreams({
    self,
    network,
    provider,
    freshness: (server) =>
      server === undefined ? freshness.bestState() : freshness.viewFor(server).state,
  })
}

function createCatalog(
  { config, opened, report, outgoing }: Site,
  streams: MeshStreams,
): MeshCatalog {
  return new MeshCatalog({
    ...(outgoing === undefined ? {} : { outgoing }),
    streams,
    random: suite,
    logger: componentLogger(report),
    report,
    aliases: opened.store.aliases,
    messageLimits: messageLimitsOf(config),
  })
}

async function start({ config, opened, report, audit }: Site, parts: Parts): Promise<void> {
  const {
    policies,
    network,
    cosigning,
    capabilities,
    behaviour,
    catalog,
    calls,
    records,
    enforcement,
    watch,
    doors,
    control,
  } = parts
  await audit.desk.begin(VERSION, opened.charter.meshId, policies)
  await audit.copies.configure(config.audit.export)
  audit.retention.configure(config.audit.retention)
  // Its own membership is a record like any other: others learn of it from here.
  records.offer([opened.membership.text])
  enforcement.enforce('all')
  enforcement.start()
  records.start()
  watch.start()
  // Before anybody can show anything: what was taken back has to be known.
  await capabilities.start()
  behaviour.start()
  await network.start()
  cosigning.start()
  calls.start()
  await catalog.refresh(opened.log.did)
  await doors.start()
  await control.start()
  report({
    event: 'started',
    level: 'info',
    name: config.name,
    did: opened.log.did,
    peerId: network.peerId,
    mesh: opened.charter.meshId,
    addresses: network.addresses(),
    http: doors.httpAddress ?? null,
  })
}

async function stop(site: Site, parts: Parts): Promise<void> {
  await end(site, parts)
  site.report({ event: 'stopped', level: 'info' })
}

async function end({ opened, audit }: Site, parts: Parts): Promise<void> {
  parts.watch.stop()
  parts.enforcement.stop()
  parts.calls.stop()
  parts.capabilities.stop()
  parts.gate.stop()
  await parts.control.stop()
  await parts.doors.stop()
  await parts.catalog.stop()
  await parts.provider.stop()
  parts.behaviour.stop()
  await parts.cosigning.stop()
  await parts.network.stop()
  await parts.records.stop()
  await parts.enforcement.settled()
  await audit.end()
  opened.close()
}
