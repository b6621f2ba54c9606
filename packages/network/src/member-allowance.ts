export interface MemberAllowanceInit {
  /** Places that one member may hold. */
  readonly perMemberMax: number
  /** Places that all members may hold together. */
  readonly max: number
}

/** So many of one thing for each member, over all of its connections, and so many in all. */
export class MemberAllowance {
  readonly #init: MemberAllowanceInit
  readonly #byMember = new Map<string, number>()
  #taken = 0

  constructor(init: MemberAllowanceInit) {
    this.#init = init
  }

  /** Takes a place and returns what frees it, once; nothing when there is none. */
  take(did: string): (() => void) | undefined {
    const { perMemberMax, max } = this.#init
    const own = this.#byMember.get(did) ?? 0
    if (own >= perMemberMax || this.#taken >= max) return undefined
    this.#byMember.set(did, own + 1)
    this.#taken += 1
    let isTaken = true
    return () => {
      if (!isTaken) return
      isTaken = false
      this.#free(did)
    }
  }

  #free(did: string): void {
    const left = (this.#byMember.get(did) ?? 0) - 1
    if (left > 0) this.#byMember.set(did, left)
    else this.#byMember.delete(did)
    this.#taken -= 1
  }
}
