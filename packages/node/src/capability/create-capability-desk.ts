import type { Provider } from '@warren/mcp'
import type { Network } from '@warren/network'
import type { Config } from '../config/load-config.ts'
import type { Report } from '../node-event.ts'
import type { OpenedNode } from '../open-node.ts'
import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import { CapabilityDesk } from './capability-desk.ts'
import { issuerFate } from './issuer-fate.ts'

/** Makes the desk of a node from what the node knows of its mesh. */
export function createCapabilityDesk(
  site: {
    readonly directory: string
    readonly config: Pick<Config, 'capabilities'>
    readonly opened: Pick<OpenedNode, 'log' | 'keys' | 'store'>
    readonly report: Report
  },
  mesh: Pick<MeshKnowledge, 'admission' | 'freshness' | 'records'> & { readonly network: Network },
  provider: () => Provider,
): CapabilityDesk {
  const { directory, config, opened, report } = site
  const { network, admission, freshness, records } = mesh
  const { log, keys, store } = opened
  return new CapabilityDesk({
    directory,
    holder: { log, signers: [keys.ed25519, keys.mlDsa44] },
    issuers: config.capabilities.issuers,
    keyLogs: {
      objection: (did) => admission.objection(did),
      isCurrent: (known) => admission.isCurrentLog(known),
      shownLog: (did) => admission.memberOf(did)?.log,
      storedLog: (did) => store.peers.get(did)?.log,
    },
    fateOf: (did) => issuerFate(records.set, did, freshness.meshTimeMs()),
    timeMs: () => freshness.meshTimeMs(),
    network: () => network,
    provider,
    report,
  })
}
