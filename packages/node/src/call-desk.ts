import type { Clock } from '@warren/core'
import type { Provider } from '@warren/mcp'
import type { Network, Peer } from '@warren/network'
import type { AdmissionDesk } from './admission-desk.ts'
import { channelKeys } from './channel-keys.ts'
import { dropExpired } from './drop-expired.ts'
import type { MeshCatalog } from './mesh-catalog.ts'
import type { Report } from './node-event.ts'

export interface CallDeskInit {
  readonly network: Network
  readonly provider: Provider
  readonly admission: AdmissionDesk
  readonly catalog: MeshCatalog
  readonly report: Report
  readonly clock: Clock
}

/** Pause between two rounds in which every member is judged by its date, and asked again what it offers. */
const ROUND_MS = 10_000

/** Connects the network with the provider and the catalogue: who is here, who calls, who is gone. */
export class CallDesk {
  readonly #init: CallDeskInit
  readonly #startedMs: number
  #round: NodeJS.Timeout | undefined

  constructor(init: CallDeskInit) {
    this.#init = init
    this.#startedMs = init.clock.monotonicMs()
    const { network, report } = init
    network.onCall(async (stream, { did, peerId, channel }) => {
      if (init.admission.memberOf(did) === undefined) {
        network.drop(did, 'membership-expired')
        return
      }
      const callSession = Buffer.from(stream.transcriptHash).toString('hex')
      const keys = channelKeys(channel)
      await init.provider.serve(stream, { did, peerId, keys, callSession })
    })
    network.on('discovered', ({ peerId }) =>
      report({ event: 'discovered', level: 'debug', peerId }),
    )
    network.on('admitted', (peer) => this.#admitted(peer))
    network.on('refused', ({ peerId, address, by, code, sentence }) => {
      report({ event: 'refused', level: 'warn', peerId, address, by, code, message: sentence })
    })
    network.on('lost', ({ did, code }) => {
      report({ event: 'lost', level: 'info', did, code })
    })
    network.on('departed', ({ did }) => {
      init.catalog.forget(did)
      void init.provider.dropCaller(did, 'the caller is no longer connected')
    })
  }

  /** Starts the rounds. */
  start(): void {
    const { network, catalog, admission } = this.#init
    const round = async (): Promise<void> => {
      dropExpired(network, admission)
      await Promise.all(network.peers().map(({ did }) => catalog.refresh(did)))
      this.#round?.refresh()
    }
    this.#round = setTimeout(() => void round(), ROUND_MS)
  }

  stop(): void {
    clearTimeout(this.#round)
    this.#round = undefined
  }

  #admitted({ did, peerId, address, suite, discoveredBy }: Peer): void {
    const { admission, catalog, clock, report } = this.#init
    const member = admission.memberOf(did)
    report({
      event: 'admitted',
      level: 'info',
      did,
      peerId,
      address,
      suite,
      foundBy: discoveredBy,
      enclave: member?.enclave ?? '',
      afterMs: Math.round(clock.monotonicMs() - this.#startedMs),
    })
    void catalog.refresh(did)
  }
}
