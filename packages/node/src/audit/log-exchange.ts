import type { RandomSource } from '@warren/core'
import { parseCheckpoint } from '@warren/tlog'
import type { CosignedTrees } from '@warren/storage'
import { encodeQuestion } from './audit-question.ts'
import type { LogDoubts } from './log-doubts.ts'
import { didOfOrigin, type MemberLog } from './member-log.ts'

const ROUND_MS = 10_000
/** Logs that are compared in one round, in turn. */
const LOGS_PER_ROUND_MAX = 8

export interface LogExchangeInit {
  readonly random: RandomSource
  readonly trees: Pick<CosignedTrees, 'all' | 'get'>
  readonly doubts: LogDoubts
  readonly logOf: (did: string) => MemberLog | undefined
  /** The DIDs of members that are connected now. */
  readonly members: () => readonly string[]
  readonly ask: (did: string, question: Uint8Array) => Promise<Uint8Array>
}

/**
 * Compares what this node has cosigned with what others have, so that a log that tells one half of its cosigners
 * another story than the other half is found by them.
 */
export class LogExchange {
  readonly #init: LogExchangeInit
  #next = 0
  #round: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(init: LogExchangeInit) {
    this.#init = init
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      // It deals with its own failures.
      void this.round()
    }, ROUND_MS)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#round
  }

  /** Shows some of what is held to a member, looks at what it holds, and asks the logs that are doubted. */
  async round(): Promise<void> {
    if (this.#round !== undefined) return
    this.#round = this.#compareSome().finally(() => {
      this.#round = undefined
    })
    await this.#round
  }

  async #compareSome(): Promise<void> {
    const { trees, logOf, doubts } = this.#init
    const held = trees.all().filter(({ did }) => logOf(did) !== undefined)
    const count = Math.min(LOGS_PER_ROUND_MAX, held.length)
    const some = Array.from({ length: count }, (_, at) => held[(this.#next + at) % held.length])
    this.#next += count
    for (const tree of some) {
      if (tree === undefined) continue
      const log = logOf(tree.did)
      if (log === undefined) continue
      await this.#compare(log, tree.checkpoint)
      if (doubts.has(tree.did)) await doubts.settle(log)
    }
  }

  async #compare(log: MemberLog, checkpoint: string): Promise<void> {
    const peer = this.#anyBut(log.did)
    if (peer === undefined) return
    try {
      const question = encodeQuestion({ ask: 'compare', checkpoint })
      const bytes = await this.#init.ask(peer, question)
      if (bytes.length === 0) return
      const shown = parseCheckpoint(Buffer.from(bytes).toString('utf8'))
      if (didOfOrigin(shown.origin) === log.did) this.#init.doubts.observe(log, shown, peer)
    } catch {
      // Who does not answer, or not with a checkpoint, shows nothing; the next round asks somebody else.
    }
  }

  #anyBut(did: string): string | undefined {
    const peers = this.#init.members().filter((member) => member !== did)
    const [random = 0] = this.#init.random.randomBytes(1)
    return peers[random % Math.max(1, peers.length)]
  }
}
