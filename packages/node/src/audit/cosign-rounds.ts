import { BoundedMap } from '@warren/core'
import type { CryptoSuite } from '@warren/crypto'
import { type Did, scidOf } from '@warren/identity'
import { formatCheckpoint, type KnownSigner, parseCheckpoint } from '@warren/tlog'
import type { RaiseAlert } from './audit-alert.ts'
import { AskCosigner, type CosignedLog, type CosignResult } from './ask-cosigner.ts'
import { chooseCosigners } from './choose-cosigners.ts'
import type { MemberLog } from './member-log.ts'

export interface CosignLimits {
  /** Members that are asked. */
  readonly cosignersMax: number
  /** Pause between two rounds, and so many entries that make one sooner. */
  readonly roundMs: number
  readonly roundEntries: number
  /** How long entries may stay without enough cosignatures, while members are connected, before an alert. */
  readonly alarmMs: number
  /** Rounds in which a member was asked and has not cosigned, until another is asked in its place. */
  readonly silentRoundsMax: number
  /** How long others are asked before it. */
  readonly silentRestMs: number
}

/** How often it is looked whether a round is due. */
const TICK_MS = 1_000
/** What one member says of this log is worth one alert of each kind in so long, whatever it says in between. */
const ALERT_PAUSE_MS = 600_000
const ALERTS_MAX = 1_024
const RESTING_MAX = 1_024
/** Cosigners whose key logs are known to lie beside the log: far fewer than may, so that those who cosign stay among the newest there. */
const KEPT_LOGS_MAX = 64

export const COSIGN_LIMITS: CosignLimits = {
  cosignersMax: 5,
  roundMs: 5_000,
  roundEntries: 1_024,
  alarmMs: 600_000,
  // As long as one member may take: three questions of ten seconds.
  silentRoundsMax: 6,
  silentRestMs: 600_000,
}

export interface CosignRoundsInit {
  readonly suite: CryptoSuite
  readonly self: { readonly did: Did; readonly enclave: string }
  /** This node as a signer of its log. */
  readonly signer: KnownSigner
  readonly log: CosignedLog
  readonly monotonicMs: () => number
  /** Mesh time, in milliseconds since 1970. */
  readonly timeMs: () => number
  /** Members that are connected now, and how they sign. */
  readonly members: () => readonly CosigningMember[]
  readonly ask: (did: string, question: Uint8Array) => Promise<Uint8Array>
  /** Keeps a cosigned checkpoint beside the log. */
  readonly keepCheckpoint: (note: string) => Promise<void>
  /** Keeps the key log of a cosigner beside the log. */
  readonly keepCosigner: (scid: string, keyLog: string) => Promise<void>
  readonly alert: RaiseAlert
  readonly limits?: Partial<CosignLimits>
}

/** A member that can be asked. */
export interface CosigningMember {
  readonly enclave: string
  readonly log: MemberLog
}

/** How the log of this node stands with its cosigners. */
export interface CosignStatus {
  /** The largest tree that more than half of those asked have cosigned. */
  readonly size: number
  /** How long ago that was. */
  readonly ageMs: number | undefined
  readonly asked: readonly string[]
  readonly cosigners: readonly string[]
  /** How long there have been entries that are not cosigned by enough. */
  readonly uncosignedMs: number
  readonly isAlarmed: boolean
}

interface Round {
  readonly note: string
  /** How many were to answer. */
  readonly askedCount: number
  readonly cosigned: Map<string, { readonly log: MemberLog; readonly note: string }>
  /** Of those who cosigned, how many are kept beside the log. */
  keptCount: number
}

/**
 * Has the log of this node cosigned by other members, again and again, and says so when nobody does.
 *
 * A round waits for nobody: what has come is kept at the next tick, what comes later counts for the checkpoint that it is
 * of, and whoever still owes an answer is not asked a second question.
 */
export class CosignRounds {
  readonly #init: CosignRoundsInit
  readonly #limits: CosignLimits
  readonly #asker: AskCosigner
  readonly #keptLogs = new BoundedMap<string, string>(KEPT_LOGS_MAX)
  /** What an operator was told that a member says, and whether that member has cosigned since. */
  readonly #told = new BoundedMap<string, { readonly atMs: number; isOver: boolean }>(ALERTS_MAX)
  #asked: readonly string[] = []
  #cosigners: readonly string[] = []
  #size = 0
  #askedSize = 0
  #cosignedAtMs: number | undefined
  #roundAtMs = Number.NEGATIVE_INFINITY
  /** Since when there have been entries that are not cosigned and members who could. */
  #waitingSinceMs: number | undefined
  #isAlarmed = false
  /** Who is being asked now. */
  readonly #asking = new Map<string, Promise<void>>()
  /** Rounds to which answers may come. */
  readonly #rounds = new Set<Round>()
  #keeping: Promise<void> = Promise.resolve()
  /** Rounds in which a member was asked since it cosigned last. */
  readonly #silentRounds = new Map<string, number>()
  /** Until when others are asked before these. */
  readonly #restingUntilMs = new BoundedMap<string, number>(RESTING_MAX)
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(init: CosignRoundsInit) {
    const { suite, log, signer, timeMs, ask } = init
    this.#init = init
    this.#limits = { ...COSIGN_LIMITS, ...init.limits }
    this.#asker = new AskCosigner({ suite, log, signer, timeMs, ask })
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      // It deals with its own failures.
      void this.tick()
    }, TICK_MS)
    this.#timer.unref()
  }

  /** Waits for the answers that are still to come, and keeps what they cosigned; asks nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearInterval(this.#timer)
    await Promise.all(this.#asking.values())
    await Promise.all(Array.from(this.#rounds, async (round) => this.#keepArrived(round)))
    await this.#keeping
  }

  status(): CosignStatus {
    const nowMs = this.#init.monotonicMs()
    const since = (ms: number | undefined): number | undefined => ms && nowMs - ms
    return {
      size: this.#size,
      ageMs: since(this.#cosignedAtMs),
      asked: this.#asked,
      cosigners: this.#cosigners,
      uncosignedMs: since(this.#waitingSinceMs) ?? 0,
      isAlarmed: this.#isAlarmed,
    }
  }

  /** Keeps what has come, and makes a round where one is due; resolves when all have answered that are asked in it. */
  async tick(): Promise<void> {
    await Promise.all(Array.from(this.#rounds, async (round) => this.#keepArrived(round)))
    const { log, monotonicMs } = this.#init
    const { roundMs, roundEntries } = this.#limits
    const note = log.checkpoint
    if (note === undefined) return
    const { size } = parseCheckpoint(note)
    const members = this.#init.members()
    const nowMs = monotonicMs()
    this.#watch(size, { nowMs, isAlone: members.length === 0 })
    const isPaused = nowMs - this.#roundAtMs < roundMs
    if (members.length === 0 || (size === this.#size && !this.#canAskMore(members.length))) return
    if (this.#stopped || (isPaused && size - this.#askedSize < roundEntries)) return
    this.#roundAtMs = nowMs
    this.#askedSize = size
    await this.#makeRound(note, members)
  }

  /** Whether members have come who may be asked as well. */
  #canAskMore(count: number): boolean {
    return this.#asked.length < Math.min(count, this.#limits.cosignersMax)
  }

  async #makeRound(note: string, members: readonly CosigningMember[]): Promise<void> {
    this.#asked = this.#choose(members)
    this.#asker.keep([...this.#asked, ...this.#asking.keys()])
    const round: Round = {
      note,
      askedCount: this.#asked.length,
      cosigned: new Map(),
      keptCount: 0,
    }
    const chosen = members.filter(({ log }) => this.#asked.includes(log.did))
    for (const { log } of chosen) {
      this.#silentRounds.set(log.did, (this.#silentRounds.get(log.did) ?? 0) + 1)
    }
    this.#rounds.add(round)
    const free = chosen.filter(({ log }) => !this.#asking.has(log.did))
    await Promise.all(free.map(async ({ log }) => this.#askFor(round, log)))
    await this.#keepArrived(round)
    this.#rounds.delete(round)
  }

  /** As AWT-6 says; but whoever has been silent for so many rounds comes after all others for a while. */
  #choose(members: readonly CosigningMember[]): readonly string[] {
    const { suite, self, monotonicMs } = this.#init
    const { cosignersMax: countMax, silentRoundsMax, silentRestMs } = this.#limits
    const nowMs = monotonicMs()
    for (const [did, rounds] of this.#silentRounds) {
      if (rounds >= silentRoundsMax) this.#restingUntilMs.set(did, nowMs + silentRestMs)
      if (rounds >= silentRoundsMax || !this.#asked.includes(did)) this.#silentRounds.delete(did)
    }
    const candidates = members.map(({ enclave, log }) => ({ did: log.did, enclave }))
    const awake = candidates.filter(({ did }) => (this.#restingUntilMs.get(did) ?? nowMs) <= nowMs)
    const before = chooseCosigners(suite, self, {
      candidates: awake,
      before: this.#asked,
      countMax,
    })
    return chooseCosigners(suite, self, { candidates, before, countMax })
  }

  async #askFor(round: Round, log: MemberLog): Promise<void> {
    const asking = this.#askOnce(round, log).finally(() => this.#asking.delete(log.did))
    this.#asking.set(log.did, asking)
    await asking
  }

  async #askOnce(round: Round, log: MemberLog): Promise<void> {
    const result = await this.#ask(log, round.note)
    this.#alertOf(log, result)
    if (result?.outcome !== 'cosigned') return
    round.cosigned.set(log.did, { log, note: result.note })
    this.#silentRounds.delete(log.did)
    this.#restingUntilMs.delete(log.did)
  }

  /** One after another, since two rounds may have answers. */
  async #keepArrived(round: Round): Promise<void> {
    this.#keeping = this.#keeping.then(async () => this.#keepRound(round))
    await this.#keeping
  }

  async #keepRound(round: Round): Promise<void> {
    const cosigned = [...round.cosigned.values()]
    if (cosigned.length === round.keptCount) return
    round.keptCount = cosigned.length
    try {
      await this.#keep(round, cosigned)
    } catch (error) {
      this.#init.alert({
        code: 'uncosigned',
        severity: 'warn',
        sentence: `A cosigned checkpoint could not be kept: ${String(error)}`,
      })
    }
  }

  /** Undefined where the member does not answer: another one may, and the next round asks again. */
  async #ask(log: MemberLog, note: string): Promise<CosignResult | undefined> {
    try {
      return await this.#asker.cosign(log, note)
    } catch {
      // Whatever one member does must not keep the others from cosigning; that nobody does is alarmed about.
      return undefined
    }
  }

  async #keep(
    { note, askedCount }: Round,
    cosigned: readonly { readonly log: MemberLog; readonly note: string }[],
  ): Promise<void> {
    const { keepCheckpoint, keepCosigner, monotonicMs } = this.#init
    for (const { log } of cosigned) {
      if (this.#keptLogs.get(log.did) === log.keyLog) continue
      await keepCosigner(scidOf(log.did), log.keyLog)
      this.#keptLogs.set(log.did, log.keyLog)
    }
    const checkpoint = parseCheckpoint(note)
    const own = checkpoint.lines.length
    const lines = cosigned.flatMap((each) => parseCheckpoint(each.note).lines.slice(own))
    await keepCheckpoint(
      formatCheckpoint({ ...checkpoint, lines: [...checkpoint.lines, ...lines] }),
    )
    // An answer that came late must not put a smaller tree in the place of a larger one.
    if (2 * cosigned.length <= askedCount || checkpoint.size < this.#size) return
    this.#size = checkpoint.size
    this.#cosignedAtMs = monotonicMs()
    this.#cosigners = cosigned.map(({ log }) => log.did)
    this.#waitingSinceMs = undefined
    this.#calm()
  }

  #watch(
    size: number,
    { nowMs, isAlone }: { readonly nowMs: number; readonly isAlone: boolean },
  ): void {
    if (size === this.#size || isAlone) {
      this.#waitingSinceMs = undefined
      return
    }
    this.#waitingSinceMs ??= nowMs
    if (this.#isAlarmed || nowMs - this.#waitingSinceMs < this.#limits.alarmMs) return
    this.#isAlarmed = true
    this.#init.alert({
      code: 'uncosigned',
      severity: 'error',
      sentence: `The audit log has not been cosigned by enough members for ${Math.floor(this.#limits.alarmMs / 60_000)} minutes, although members are connected: what was written since can still be rewritten by whoever holds this node.`,
    })
  }

  #calm(): void {
    if (!this.#isAlarmed) return
    this.#isAlarmed = false
    const sentence = 'The audit log is cosigned again.'
    this.#init.alert({ code: 'cosigned-again', severity: 'info', sentence })
  }

  /**
   * Said once of each member and kind until that member has cosigned again: this node's own log may have been taken back or
   * rewritten. What one member says, which may be a lie, keeps nothing from being said of another.
   */
  #alertOf({ did }: MemberLog, result: CosignResult | undefined): void {
    if (result === undefined) return
    if (result.outcome === 'cosigned') this.#endAlerts(did)
    else if (result.outcome === 'ahead' || result.status === 422) this.#alertOnce(did, result)
  }

  #endAlerts(did: string): void {
    for (const code of ['log-behind', 'cosign-refused']) {
      const told = this.#told.get(`${code} ${did}`)
      if (told !== undefined) told.isOver = true
    }
  }

  #alertOnce(did: Did, result: Exclude<CosignResult, { readonly outcome: 'cosigned' }>): void {
    const code = result.outcome === 'ahead' ? 'log-behind' : 'cosign-refused'
    const atMs = this.#init.monotonicMs()
    const told = this.#told.get(`${code} ${did}`)
    if (told !== undefined && (!told.isOver || atMs - told.atMs < ALERT_PAUSE_MS)) return
    this.#told.set(`${code} ${did}`, { atMs, isOver: false })
    const sentence =
      result.outcome === 'ahead'
        ? `A member says that it has cosigned ${result.size} entries of this node's audit log, which has fewer: entries are missing here.`
        : "A member does not cosign this node's audit log, since it is not what that member has cosigned before: it was changed."
    this.#init.alert({ code, severity: 'error', about: did, sentence })
  }
}
