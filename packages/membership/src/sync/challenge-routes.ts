import { BoundedMap } from '@warren/core'
import type { Did } from '@warren/identity'
import { ANSWER_MS_MAX } from '../freshness/open-nonces.ts'

/** Neighbours that may bring one nonce: whoever is first cannot keep the answers from the others. */
const LINKS_MAX = 3

interface Route {
  readonly links: Set<string>
  readonly askedMs: number
  /** Whose answers have been passed back; at most all witnesses. */
  readonly answered: Set<Did>
  isPassedOn: boolean
}

/** Whose challenges have come by, by which links, and who has answered them: the way back for answers. */
export class ChallengeRoutes {
  readonly #routes: BoundedMap<string, Route>

  constructor(routesMax: number) {
    this.#routes = new BoundedMap(routesMax)
  }

  /** Notes that a nonce came by a link; says whether it is new over that link, and one of the first that bring it. */
  came(nonce: string, link: string, nowMs: number): boolean {
    const route = this.#routes.get(nonce)
    if (route === undefined) {
      const links = new Set([link])
      this.#routes.set(nonce, { links, askedMs: nowMs, answered: new Set(), isPassedOn: false })
      return true
    }
    if (route.links.has(link) || route.links.size >= LINKS_MAX) return false
    route.links.add(link)
    return true
  }

  /** Whether a nonce that has come by has gone on from here. */
  isPassedOn(nonce: string): boolean {
    return this.#routes.get(nonce)?.isPassedOn ?? false
  }

  /** Notes that a nonce has gone on from here. */
  passedOn(nonce: string): void {
    const route = this.#routes.get(nonce)
    if (route !== undefined) route.isPassedOn = true
  }

  /** Whether a witness has yet to answer a nonce that has come by. */
  awaits(nonce: string, witness: Did, nowMs: number): boolean {
    const route = this.#open(nonce, nowMs)
    return route !== undefined && !route.answered.has(witness)
  }

  /** Notes the answer of a witness, and says over which links it goes back. */
  answered(nonce: string, witness: Did, nowMs: number): readonly string[] {
    const route = this.#open(nonce, nowMs)
    route?.answered.add(witness)
    return [...(route?.links ?? [])]
  }

  #open(nonce: string, nowMs: number): Route | undefined {
    const route = this.#routes.get(nonce)
    return route !== undefined && nowMs - route.askedMs <= ANSWER_MS_MAX ? route : undefined
  }
}
