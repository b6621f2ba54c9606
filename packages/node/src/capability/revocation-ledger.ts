import { CapabilityError, type CapabilityRevocation } from '@warren/capability'
import type { Did } from '@warren/identity'

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
}

const PER_ISSUER_MAX = 64
const REVOCATIONS_MAX = 16_384

/**
 * The revocations that a node decides by, and those that it has to bring to others.
 *
 * One of a link counts when whoever issued that link has signed it, or the owner has said it. It is kept until the
 * link would have ended.
 */
export class RevocationLedger {
  readonly #init: RevocationLedgerInit
  readonly #kept = new Map<string, KeptRevocation>()

  constructor(init: RevocationLedgerInit) {
    this.#init = init
  }

  /** Reads the files again; what is over goes. */
  async load(): Promise<void> {
    const { files, nowMs } = this.#init
    const kept = await files.revocations()
    const over = kept.filter(({ untilMs }) => untilMs <= nowMs())
    for (const each of kept) if (!over.includes(each)) this.#kept.set(keyOf(each), each)
    for (const each of over) {
      this.#kept.delete(keyOf(each))
      await files.dropRevocation(each)
    }
  }

  /**
   * Keeps a revocation that was verified. Durable, and then in force, when this resolves.
   *
   * @throws CapabilityError `capability-revocations-exhausted`; StorageError
   */
  async add(revocation: KeptRevocation): Promise<void> {
    const key = keyOf(revocation)
    if (this.#kept.has(key) || revocation.untilMs <= this.#init.nowMs()) return
    const ofIssuer = [...this.#kept.values()].filter(({ issuer }) => issuer === revocation.issuer)
    if (ofIssuer.length >= PER_ISSUER_MAX || this.#kept.size >= REVOCATIONS_MAX) {
      throw new CapabilityError(
        'capability-revocations-exhausted',
        `${PER_ISSUER_MAX} revocations of one issuer are kept; ask the owner to take this one back itself`,
      )
    }
    // The place is taken before the wait, so that many at once are not more.
    this.#kept.set(key, revocation)
    try {
      await this.#init.files.keepRevocation(revocation)
    } catch (error) {
      this.#kept.delete(key)
      throw error
    }
  }

  /** Whether the issuer of a link, or this node as its owner, has taken it back. */
  isRevoked({ id, issuer }: { readonly id: string; readonly issuer: Did }): boolean {
    const { self } = this.#init
    return [issuer, self].some(
      (by) => this.#kept.get(keyOf({ issuer: by, capability: id }))?.node === self,
    )
  }

  /** What has to be brought to another node. */
  for(node: string): readonly { readonly capability: string; readonly signed: string }[] {
    return [...this.#kept.values()].flatMap(({ node: to, capability, signed }) =>
      to === node && signed !== undefined ? [{ capability, signed }] : [],
    )
  }

  list(): readonly KeptRevocation[] {
    return [...this.#kept.values()]
  }
}

function keyOf({ issuer, capability }: Pick<KeptRevocation, 'issuer' | 'capability'>): string {
  return `${issuer} ${capability}`
}
