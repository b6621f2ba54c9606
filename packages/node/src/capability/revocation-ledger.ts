import { CapabilityError, type CapabilityRevocation, LIFETIME_MS_MAX } from '@warren/capability'
import type { Did } from '@warren/identity'
import type { IssuerFate } from './issuer-fate.ts'

/** A revocation as it is kept: by its issuer to be brought to the owner, by the owner to be decided by. */
export interface KeptRevocation extends CapabilityRevocation {
  /** What its issuer has signed; absent where the owner has taken it back by itself. */
  readonly signed?: string
}

/** Where the ledger keeps what it is told. */
export interface RevocationFiles {
  revocations(): Promise<readonly KeptRevocation[]>
  keepRevocation(kept: KeptRevocation): Promise<void>
  dropRevocation(kept: KeptRevocation): Promise<void>
}

export interface RevocationLedgerInit {
  readonly self: Did
  readonly files: RevocationFiles
  readonly nowMs: () => number
  /** What becomes of the links that somebody has issued; where nobody can say, each can count. */
  readonly fateOf?: (did: Did) => IssuerFate
  /** One that is not over had to go, so that there is room for those of others. */
  readonly onDropped?: (dropped: KeptRevocation) => void
}

const PER_ISSUER_MAX = 64
/** Of others than this node itself, which takes back what it likes by its files. */
const REVOCATIONS_MAX = 16_384
/** A link may begin later than now; one that ends later than so is revoked once more. */
const KEPT_LIFETIMES = 52
/** From now on, milliseconds: no revocation is kept longer, whatever end it names. */
export const KEPT_MS_MAX: number = KEPT_LIFETIMES * LIFETIME_MS_MAX
/** What is over is deleted so much later, milliseconds: a clock that ran ahead for a while takes nothing away for good. */
export const DELETION_MARGIN_MS: number = 30 * 86_400_000

interface Pending {
  readonly revocation: KeptRevocation
  readonly written: Promise<void>
}

/**
 * The revocations that a node decides by, and those that it has to bring to others.
 *
 * One of a link counts when whoever issued that link has signed it, or the owner has said it. It is kept until the
 * link would have ended, and some time longer.
 */
export class RevocationLedger {
  readonly #init: RevocationLedgerInit
  readonly #kept = new Map<string, KeptRevocation>()
  /** What is being written down: not in force, and not to be acknowledged before it is. */
  readonly #pending = new Map<string, Pending>()

  constructor(init: RevocationLedgerInit) {
    this.#init = init
  }

  /** Reads the files again; what is long over goes. */
  async load(): Promise<void> {
    const { files, nowMs } = this.#init
    for (const each of await files.revocations()) {
      if (each.untilMs + DELETION_MARGIN_MS > nowMs()) {
        this.#kept.set(keyOf(each), each)
      } else {
        await this.#drop(each)
      }
    }
  }

  /**
   * Keeps a revocation that was verified. Durable, and then in force, when this resolves; with false where it was kept
   * before, or is being written down for another call, or is over.
   *
   * @throws CapabilityError `capability-revocations-exhausted`, `capability-revocation-malformed`; StorageError
   */
  async add(revocation: KeptRevocation): Promise<boolean> {
    const key = keyOf(revocation)
    const pending = this.#pending.get(key)
    if (pending !== undefined) {
      await pending.written
      return false
    }
    const nowMs = this.#init.nowMs()
    if (this.#kept.has(key) || revocation.untilMs <= nowMs) return false
    const untilMs = Math.min(revocation.untilMs, wholeSeconds(nowMs + KEPT_MS_MAX))
    const kept = { ...revocation, untilMs }
    const room = this.#makeRoom(kept.issuer)
    // The place is taken before the first wait, so that many at once are not more.
    const written = this.#write(kept, room)
    this.#pending.set(key, { revocation: kept, written })
    try {
      await written
      this.#kept.set(key, kept)
      return true
    } finally {
      this.#pending.delete(key)
    }
  }

  /** Whether the issuer of a link, or this node as its owner, has taken it back. */
  isRevoked({ id, issuer }: { readonly id: string; readonly issuer: Did }): boolean {
    const { self } = this.#init
    // The end of the link is decided by the link: a revocation that is still here counts whatever the clock says.
    return [issuer, self].some(
      (by) => this.#kept.get(keyOf({ issuer: by, capability: id }))?.node === self,
    )
  }

  /** What has to be brought to another node. */
  for(node: string): readonly { readonly capability: string; readonly signed: string }[] {
    return [...this.#kept.values()].flatMap((kept) => {
      const { node: to, capability, signed } = kept
      return to === node && signed !== undefined && !this.#isOver(kept)
        ? [{ capability, signed }]
        : []
    })
  }

  /** Those of what would not have ended yet. */
  list(): readonly KeptRevocation[] {
    return [...this.#kept.values()].filter((kept) => !this.#isOver(kept))
  }

  /** What has to go for one more of an issuer; its place is free at once. */
  #makeRoom(issuer: Did): readonly KeptRevocation[] {
    const { self, onDropped } = this.#init
    if (issuer === self) return []
    const pending = [...this.#pending.values()].map(({ revocation }) => revocation)
    const isOthers = (each: KeptRevocation): boolean => each.issuer !== self
    const isOfIssuer = (each: KeptRevocation): boolean => each.issuer === issuer
    const kept = [...this.#kept.values()].filter(isOthers)
    const waiting = pending.filter(isOthers)
    const going: KeptRevocation[] = []
    if (kept.filter(isOfIssuer).length + waiting.filter(isOfIssuer).length >= PER_ISSUER_MAX) {
      going.push(...firstOf(kept, (each) => isOfIssuer(each) && this.#isOver(each)))
      if (going.length === 0) throw exhausted()
    } else if (kept.length + waiting.length >= REVOCATIONS_MAX) {
      const over = firstOf(kept, (each) => this.#isOver(each))
      const foreign = over.length > 0 ? [] : this.#leastMissed(kept)
      going.push(...over, ...foreign)
      if (going.length === 0) throw exhausted()
      for (const each of foreign) onDropped?.(each)
    }
    for (const each of going) this.#kept.delete(keyOf(each))
    return going
  }

  /**
   * Of those of others that are not over. The links of whoever is gone for good hold no more in any case; those of
   * whoever was revoked may hold again, once the admins let it in anew, so they go last; no others do.
   */
  #leastMissed(kept: readonly KeptRevocation[]): readonly KeptRevocation[] {
    const { fateOf = () => 'here' } = this.#init
    const gone = firstOf(kept, ({ issuer }) => fateOf(issuer) === 'gone')
    return gone.length > 0 ? gone : firstOf(kept, ({ issuer }) => fateOf(issuer) === 'revoked')
  }

  async #write(kept: KeptRevocation, room: readonly KeptRevocation[]): Promise<void> {
    for (const each of room) await this.#init.files.dropRevocation(each)
    await this.#init.files.keepRevocation(kept)
  }

  async #drop(kept: KeptRevocation): Promise<void> {
    this.#kept.delete(keyOf(kept))
    await this.#init.files.dropRevocation(kept)
  }

  #isOver({ untilMs }: KeptRevocation): boolean {
    return untilMs <= this.#init.nowMs()
  }
}

/** The one that ends first. */
function firstOf(
  kept: readonly KeptRevocation[],
  may: (kept: KeptRevocation) => boolean,
): readonly KeptRevocation[] {
  return kept
    .filter(may)
    .toSorted((one, other) => one.untilMs - other.untilMs)
    .slice(0, 1)
}

function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1_000) * 1_000
}

function exhausted(): CapabilityError {
  return new CapabilityError(
    'capability-revocations-exhausted',
    `${PER_ISSUER_MAX} revocations of one issuer are kept, ${REVOCATIONS_MAX} together; ask the owner to take this one back itself`,
  )
}

function keyOf({ issuer, capability }: Pick<KeptRevocation, 'issuer' | 'capability'>): string {
  return `${issuer} ${capability}`
}
