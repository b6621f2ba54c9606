import {
  type CapabilityChain,
  CapabilityError,
  type CapabilityKnowledge,
  createPresentation,
  decodePresentation,
  decodeRevocation,
  REVOCATION_TYPE,
  verifyChain,
  verifyPresentation,
  verifyRevocation,
} from '@warren/capability'
import type { JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { type Did, formatTimestamp, type KeyHolder, type VerifiedLog } from '@warren/identity'
import { type Caller, presentTo, type Provider, systemScheduler } from '@warren/mcp'
import type { Network } from '@warren/network'
import { componentLogger } from '../component-logger.ts'
import type { Report } from '../node-event.ts'
import { CapabilityFiles } from './capability-files.ts'
import { CapabilitySender, chainsFor, type ToShow } from './capability-sender.ts'
import type { IssuerFate } from './issuer-fate.ts'
import { KeyLogs, type KeyLogsInit } from './key-logs.ts'
import {
  type CapabilityQuestion,
  CHAINS_PER_MEMBER_MAX,
  type CoveringChain,
  type FallenChain,
  PresentedChains,
  UNCHECKED,
} from './presented-chains.ts'
import { RevocationLedger } from './revocation-ledger.ts'

export interface CapabilityDeskInit {
  /** Of the node. */
  readonly directory: string
  /** This node, with its authentication keys. */
  readonly holder: KeyHolder
  /** Who may issue first links beside this node, by the name that the owner gives them. */
  readonly issuers: Readonly<Record<string, string>>
  readonly keyLogs: Omit<KeyLogsInit, 'suite' | 'own'>
  readonly fateOf: (did: Did) => IssuerFate
  /** Mesh time, milliseconds since 1970. */
  readonly timeMs: () => number
  readonly network: () => Pick<Network, 'openCall' | 'members' | 'peers' | 'on'>
  readonly provider: () => Pick<Provider, 'endServer'>
  readonly report: Report
}

/** Pause between two rounds in which what is over is dropped, and what was not taken is shown again. */
const ROUND_MS = 10_000
/** So often what was taken is shown once more: the owner drops what does not hold, and it may hold again. */
const ROUNDS_UNTIL_AGAIN = 6
const SHOW_TIMEOUT_MS = 10_000
/** What the owner calls itself. */
const SELF_LABEL = 'self'

/** Where a node meets others about capabilities: takes what they show for its own servers, and shows what it holds for theirs. */
export class CapabilityDesk {
  readonly #init: CapabilityDeskInit
  readonly #self: Did
  readonly #files: CapabilityFiles
  readonly #ledger: RevocationLedger
  readonly #logs: KeyLogs
  readonly #presented: PresentedChains
  readonly #sender: CapabilitySender
  readonly #stopping = new AbortController()
  #held: readonly CapabilityChain[] = []
  #round: NodeJS.Timeout | undefined

  constructor(init: CapabilityDeskInit) {
    const { directory, holder, timeMs: nowMs } = init
    this.#init = init
    this.#self = holder.log.did
    this.#files = new CapabilityFiles(directory, (error) =>
      this.#failed('capability-file-unreadable', error),
    )
    this.#logs = new KeyLogs({ ...init.keyLogs, suite, own: holder.log })
    this.#ledger = new RevocationLedger({
      self: this.#self,
      files: this.#files,
      nowMs,
      fateOf: init.fateOf,
      onDropped: ({ capability, issuer }) =>
        this.#tell('warn', 'capability-revocation-dropped', { id: capability, by: issuer }),
    })
    this.#presented = new PresentedChains({
      knowledge: () => this.#knowledge(),
      onFallen: (did, fallen) => this.#guarded(() => this.#fallen(did, fallen)),
      onUnchecked: (error) => this.#unchecked(error),
    })
    this.#sender = new CapabilitySender({
      toShow: (did) => this.#toShow(did),
      show: async (did, item) => this.#show(did, item),
      onShown: (did, { id, what }) => this.#tell('info', 'capability-taken', { did, id, what }),
      onRefused: (did, { id, what }, error) =>
        this.#tell('warn', 'capability-not-taken', { did, id, what, message: messageOf(error) }),
    })
  }

  /** Reads the files and begins to show what is held. To be called before the network can bring anybody. */
  async start(): Promise<void> {
    await this.#load()
    const network = this.#init.network()
    network.on('admitted', ({ did }) => {
      // Another connection may be to a node that has been started anew.
      this.#sender.forget(did)
      this.#offer(did)
    })
    network.on('departed', ({ did }) => {
      this.#presented.forget(did)
      this.#sender.forget(did)
    })
    this.#offerAll()
    let rounds = 0
    this.#round = setInterval(() => {
      rounds += 1
      this.recheck()
      this.#guarded(() => {
        if (rounds % ROUNDS_UNTIL_AGAIN === 0) this.#sender.again()
        this.#offerAll()
      })
    }, ROUND_MS)
    this.#round.unref()
  }

  stop(): void {
    clearInterval(this.#round)
    this.#stopping.abort()
  }

  /** The chains of a caller that cover a request now. */
  covering(caller: string, question: CapabilityQuestion): readonly CoveringChain[] {
    return this.#presented.covering(caller, question)
  }

  /** Looks again at everything that was shown: somebody in it may be no member any more. Never throws. */
  recheck(): void {
    this.#presented.recheck()
  }

  /**
   * Takes what a caller shows of itself, or takes back.
   *
   * @throws CapabilityError
   */
  async take(text: string, { did, callSession }: Caller): Promise<void> {
    // Which of the two it is is said by the type; each is read strictly afterwards.
    if (text.includes(`"${REVOCATION_TYPE}"`)) return this.#takeRevocation(text)
    const presentation = decodePresentation(suite, text)
    const peer = this.#logs.of(did)
    if (callSession === undefined || peer === undefined) {
      throw new CapabilityError('presentation-foreign', 'whoever shows it is no other member')
    }
    const terms = { challenge: callSession, domain: this.#self }
    // First whether it is the caller's to show: what others have shown before costs no more than that.
    verifyPresentation(presentation, terms, { suite, peer })
    const verified = verifyChain(presentation.chain, this.#knowledge())
    if (!this.#init.network().members().includes(did)) {
      throw new CapabilityError('presentation-foreign', 'whoever shows it is not connected')
    }
    const { id } = verified.chain.last
    const isNew = this.#presented.add(did, verified)
    if (isNew) this.#tell('info', 'capability-shown', { did, id, root: verified.label })
  }

  /** Reads the files again, shows what is new, and says how everything stands. */
  async refresh(): Promise<JsonObject> {
    await this.#load()
    this.recheck()
    await Promise.all(this.#peers().map((did) => this.#sender.offer(did)))
    return {
      held: this.#held.map(({ first, last }) => ({
        id: last.id,
        node: first.node,
        state: this.#sender.state(first.node, last.id),
      })),
      shown: this.#presented.describe().map(({ did, ids }) => ({ did, ids })),
      revoked: this.#ledger.list().map(({ capability, issuer, node, untilMs }) => ({
        id: capability,
        by: issuer,
        until: formatTimestamp(untilMs),
        state: node === this.#self ? 'in force' : this.#sender.state(node, `revoked ${capability}`),
      })),
    }
  }

  async #load(): Promise<void> {
    this.#held = await this.#files.chains('held')
    await this.#ledger.load()
  }

  async #takeRevocation(text: string): Promise<void> {
    const decoded = decodeRevocation(text)
    const { capability, issuer, node, untilMs } = decoded
    if (node !== this.#self) {
      throw new CapabilityError('capability-foreign-node', 'it is for a server of another node')
    }
    const log = this.#requiredLog(issuer)
    verifyRevocation(decoded, { suite, issuer: log, nowMs: this.#init.timeMs() })
    // Whoever brings it again costs neither the log a line nor the chains a look.
    if (!(await this.#ledger.add({ capability, issuer, node, untilMs, signed: text }))) return
    this.#tell('warn', 'capability-revoked', { id: capability, by: issuer })
    this.recheck()
  }

  #requiredLog(did: Did): VerifiedLog {
    const log = this.#logs.of(did)
    if (log !== undefined) return log
    const message = 'its issuer is no member now, or was never met here'
    throw new CapabilityError('capability-key-log-unknown', message)
  }

  #knowledge(): CapabilityKnowledge {
    const { issuers, timeMs } = this.#init
    return {
      suite,
      self: this.#self,
      labelOf: (did) =>
        did === this.#self
          ? SELF_LABEL
          : Object.entries(issuers).find(([, issuer]) => issuer === did)?.[0],
      logOf: (did) => this.#logs.of(did),
      isRevoked: (link) => this.#ledger.isRevoked(link),
      nowMs: timeMs(),
    }
  }

  #toShow(did: string): readonly ToShow[] {
    const nowMs = this.#init.timeMs()
    const by = { suite, holder: this.#init.holder, nowMs }
    const chains = chainsFor(this.#held, did, { max: CHAINS_PER_MEMBER_MAX, nowMs })
    return [
      ...this.#ledger.for(did).map(({ capability, signed }) => ({
        id: `revoked ${capability}`,
        what: 'revocation' as const,
        text: () => signed,
      })),
      ...chains.map((chain) => ({
        id: chain.last.id,
        what: 'capability' as const,
        text: (challenge: string) =>
          createPresentation(chain, { challenge, domain: chain.first.node }, by),
      })),
    ]
  }

  async #show(did: string, { text }: ToShow): Promise<void> {
    const { network, report } = this.#init
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(SHOW_TIMEOUT_MS)])
    const stream = await network().openCall(did, signal)
    const challenge = Buffer.from(stream.transcriptHash).toString('hex')
    const components = { logger: componentLogger(report), scheduler: systemScheduler }
    await presentTo(() => Promise.resolve(stream), text(challenge), { signal, components })
  }

  #peers(): readonly string[] {
    const peers = this.#init.network().peers()
    return [...new Set(peers.map(({ did }) => did))]
  }

  #offerAll(): void {
    for (const did of this.#peers()) this.#offer(did)
  }

  #offer(did: string): void {
    this.#sender.offer(did).catch((error: unknown) => this.#failed('defect', error))
  }

  #unchecked(error: unknown): void {
    const message = `capabilities could not be judged, and do not count until they are shown again: ${messageOf(error)}`
    this.#init.report({ event: UNCHECKED, level: 'error', code: UNCHECKED, message })
  }

  /** What is under way by it ends with all else of that caller on that server: which call rests on which rule is not kept. */
  #fallen(did: string, { id, server, code, used }: FallenChain): void {
    this.#tell('warn', 'capability-fallen', { did, id, code })
    if (!used) return
    const reason = `a capability holds no more: ${code}`
    const ended = this.#init.provider().endServer({ did, server }, reason)
    void ended.catch((error: unknown) => this.#failed('defect', error))
  }

  /** For what nobody waits for: what goes wrong in it is told, and the rest goes on. */
  #guarded(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.#failed('defect', error)
    }
  }

  #failed(event: string, error: unknown): void {
    this.#init.report({ event, level: 'error', message: messageOf(error) })
  }

  #tell(level: 'info' | 'warn', event: string, details: JsonObject): void {
    this.#init.report({ event, level, ...details })
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
