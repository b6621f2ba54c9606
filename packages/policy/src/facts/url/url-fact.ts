import type { AddressClass } from './address-class.ts'

/** What one URL addresses; Cedar type `UrlFact`. */
export interface UrlFact {
  readonly ok: true
  readonly scheme: string
  /** In lower case, international names in their ASCII form, an address in its one canonical form. */
  readonly host: string
  /** As written or that of the scheme; absent where neither says. */
  readonly port?: number
  readonly path: string
  readonly hasCredentials: boolean
  /** Where the host is; absent when that is not known. */
  readonly addresses?: readonly string[]
  /** One of the addresses is none of the public internet. Absent, as the next two, without addresses. */
  readonly isPrivate?: boolean
  /** One of the addresses is this machine. */
  readonly isLoopback?: boolean
  /** One of the addresses is of the local link, where clouds keep their credentials. */
  readonly isLinkLocal?: boolean
}

/** What a list of URLs addresses; Cedar type `UrlsFact`. */
export interface UrlsFact {
  readonly ok: true
  readonly count: number
  readonly schemes: readonly string[]
  readonly hosts: readonly string[]
  readonly anyCredentials: boolean
  /** Of the hosts together; absent, as the next three, unless all of them are known. */
  readonly addresses?: readonly string[]
  readonly anyPrivate?: boolean
  readonly anyLoopback?: boolean
  readonly anyLinkLocal?: boolean
}

/** What of a fact follows from the addresses. */
export function classesOf(
  addresses: readonly string[],
  classify: (address: string) => AddressClass,
): Required<Pick<UrlFact, 'addresses' | 'isPrivate' | 'isLoopback' | 'isLinkLocal'>> {
  const classes = new Set(addresses.map(classify))
  return {
    addresses: Object.freeze([...new Set(addresses)]),
    isPrivate: [...classes].some((each) => each !== 'public'),
    isLoopback: classes.has('loopback'),
    isLinkLocal: classes.has('link-local'),
  }
}

/** Says of a list what is said of each of its URLs. */
export function joinUrlFacts(facts: readonly UrlFact[]): UrlsFact {
  const isResolved = facts.every(({ addresses }) => addresses !== undefined)
  return Object.freeze({
    ok: true,
    count: facts.length,
    schemes: distinct(facts.map(({ scheme }) => scheme)),
    hosts: distinct(facts.map(({ host }) => host)),
    anyCredentials: facts.some(({ hasCredentials }) => hasCredentials),
    ...(isResolved && {
      addresses: distinct(facts.flatMap(({ addresses = [] }) => addresses)),
      anyPrivate: facts.some(({ isPrivate = true }) => isPrivate),
      anyLoopback: facts.some(({ isLoopback = true }) => isLoopback),
      anyLinkLocal: facts.some(({ isLinkLocal = true }) => isLinkLocal),
    }),
  })
}

function distinct(texts: readonly string[]): readonly string[] {
  return Object.freeze([...new Set(texts)])
}
