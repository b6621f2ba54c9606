import type { RandomSource } from '@warren/core'
import { parseCheckpoint } from '@warren/tlog'
import type { CosignedTrees } from '@warren/storage'
import { encodeQuestion } from './audit-question.ts'
import type { LogDoubts } from './log-doubts.ts'
import { didOfOrigin, type MemberLog } from './member-log.ts'

const ROUND_MS = 10_000
/** Logs that are compared in one round, in turn. */
const LOGS_PER_ROUND_MAX = 8
/** Trees that are looked at for them: whoever has left the mesh is passed over, and its tree is kept. */
const TREES_PER_ROUND_MAX = 64

export interface LogExchangeInit {
  readonly random: RandomSource
  readonly trees: Pick<CosignedTrees, 'after'>
  readonly doubts: LogDoubts
  readonly logOf: (did: string) => MemberLog | undefined
  /** The DIDs of members that are connected now. */
  readonly members: () => readonly string[]
  readonly ask: (did: string, question: Uint8Array) => Promise<Uint8Array>
}

interface HeldLog {
  readonly log: MemberLog
  readonly checkpoint: string
}

/**
 * Compares what this node has cosigned with what others have, so that a log that tells one half of its cosigners
 * another story than the other half is found by them.
 */
export class LogExchange {
  readonly #init: LogExchangeInit
  /** The log that was looked at last. */
  #last = ''
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
    const { doubts } = this.#init
    for (const { log, checkpoint } of this.#nextLogs()) {
      await this.#compare(log, checkpoint)
      if (doubts.has(log.did)) await doubts.settle(log)
    }
  }

  /** Verifying a key log takes a while, so none is looked up but of those who are chosen. */
  #nextLogs(): readonly HeldLog[] {
    const { trees, logOf } = this.#init
    const chosen: HeldLog[] = []
    const behind = trees.after(this.#last, TREES_PER_ROUND_MAX)
    const next = behind.length > 0 ? behind : trees.after('', TREES_PER_ROUND_MAX)
    for (const { did, checkpoint } of next) {
      this.#last = did
      const log = logOf(did)
      if (log !== undefined) chosen.push({ log, checkpoint })
      if (chosen.length === LOGS_PER_ROUND_MAX) break
    }
    return chosen
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
