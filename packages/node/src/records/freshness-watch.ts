import type { Provider } from '@warren/mcp'
import type { FreshnessJudgement } from '@warren/membership'
import type { Network } from '@warren/network'
import type { MeshCatalog } from '../mesh-catalog.ts'
import type { Report } from '../node-event.ts'
import type { MeshStreams } from '../mesh-streams.ts'
import type { NodeFreshness } from './node-freshness.ts'
import { whatGoesOn } from './what-goes-on.ts'

export interface FreshnessWatchInit {
  readonly network: Pick<Network, 'members' | 'peers' | 'drop'>
  readonly provider: Pick<Provider, 'dropCaller' | 'endCalls'>
  readonly streams: Pick<MeshStreams, 'endBut'>
  readonly catalog: Pick<MeshCatalog, 'refresh'>
  readonly freshness: Pick<NodeFreshness, 'judge'>
  readonly report: Report
}

/** Pause between two looks; what is asked for is judged at that moment anyway. */
const LOOK_MS = 250
const REASON = 'the node cannot know any more who is a member'

/** Sees how fresh the node's knowledge is, says so when it changes, and ends what is under way when it is fresh no more. */
export class FreshnessWatch {
  readonly #init: FreshnessWatchInit
  #timer: NodeJS.Timeout | undefined
  #last: FreshnessJudgement | undefined

  constructor(init: FreshnessWatchInit) {
    this.#init = init
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), LOOK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { freshness, catalog, network, report } = this.#init
    const judgement = freshness.judge()
    const { state, why, ageMs } = judgement
    const before = this.#last
    this.#last = judgement
    const goingOn = whatGoesOn(before, judgement)
    if (goingOn !== undefined) this.#endBut(goingOn)
    if (state === before?.state) return
    const isBad = state === 'stop' || state === 'deny-new'
    const seconds = ageMs === undefined ? null : Math.round(ageMs / 1000)
    report({ event: 'freshness', level: levelOf(state), state, why, ageSeconds: seconds })
    if (!isBad) for (const { did } of network.peers()) void catalog.refresh(did)
  }

  /** Ends the calls of all servers but these, of others here and of this node's hosts there. */
  #endBut(servers: ReadonlySet<string>): void {
    const { network, provider, streams, catalog } = this.#init
    if (servers.size === 0) {
      this.#cutAll()
      return
    }
    streams.endBut(servers)
    for (const did of network.members()) {
      void provider.endCalls(did, { but: servers, reason: REASON })
      void catalog.refresh(did)
    }
  }

  /** Whoever is a member still connects again, and brings what this node has to know. */
  #cutAll(): void {
    const { network, provider } = this.#init
    for (const did of network.members()) {
      network.drop(did, 'knowledge-stale')
      void provider.dropCaller(did, REASON)
    }
  }
}

/** No new beacon for so long that it is a warning already, although nothing is refused for it yet. */
function levelOf(state: FreshnessJudgement['state']): 'info' | 'warn' {
  return state === 'fresh' || state === 'unwitnessed' ? 'info' : 'warn'
}
