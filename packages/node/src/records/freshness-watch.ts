import type { Provider } from '@warren/mcp'
import type { FreshnessJudgement } from '@warren/membership'
import type { Network } from '@warren/network'
import type { MeshCatalog } from '../mesh-catalog.ts'
import type { Report } from '../node-event.ts'
import type { NodeFreshness } from './node-freshness.ts'

export interface FreshnessWatchInit {
  readonly network: Pick<Network, 'members' | 'peers' | 'drop'>
  readonly provider: Pick<Provider, 'dropCaller'>
  readonly catalog: Pick<MeshCatalog, 'refresh'>
  readonly freshness: Pick<NodeFreshness, 'judge' | 'bestState'>
  readonly report: Report
}

/** Pause between two looks; what is asked for is judged at that moment anyway. */
const LOOK_MS = 250

/** Sees how fresh the node's knowledge is, says so when it changes, and ends what is under way when it is fresh no more. */
export class FreshnessWatch {
  readonly #init: FreshnessWatchInit
  #timer: NodeJS.Timeout | undefined
  #last: FreshnessJudgement['state'] | undefined
  #lastBest: FreshnessJudgement['state'] | undefined

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
    const best = freshness.bestState()
    // An island grant has come to its end, after all else had.
    if (best === 'stop' && this.#lastBest !== 'stop' && this.#last === 'stop') this.#cutAll()
    this.#lastBest = best
    const { state, why, ageMs } = freshness.judge()
    const before = this.#last
    if (state === before) return
    this.#last = state
    const isBad = state === 'stop' || state === 'deny-new'
    const seconds = ageMs === undefined ? null : Math.round(ageMs / 1000)
    report({ event: 'freshness', level: isBad ? 'warn' : 'info', state, why, ageSeconds: seconds })
    if (state === 'stop' && before !== undefined) this.#cutAll()
    if (!isBad) for (const { did } of network.peers()) void catalog.refresh(did)
  }

  /** Whoever is a member still connects again, and brings what this node has to know. */
  #cutAll(): void {
    const { network, provider } = this.#init
    for (const did of network.members()) {
      network.drop(did, 'knowledge-stale')
      void provider.dropCaller(did, 'the node cannot know any more who is a member')
    }
  }
}
