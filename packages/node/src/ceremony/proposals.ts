import type { JsonObject } from '@warren/core'
import { nodeSuite as suite } from '@warren/crypto'
import { type Did, isDid } from '@warren/identity'
import {
  randomUuid,
  type RevocationClass,
  type RevocationTarget,
  writeIsland,
  writeQuarantine,
  writeRevocation,
} from '@warren/membership'
import type { MeshDescription } from '../control/records-protocol.ts'
import { NodeError } from '../node-error.ts'
import { systemClock } from '../system-clock.ts'
import { findMember } from './find-member.ts'

/** Whom or what a revocation takes away, as a person says it. */
export interface RevocationWish {
  /** DIDs, or names of members. */
  readonly who: readonly string[]
  /** Hashes of keys. */
  readonly keyHashes: readonly string[]
  readonly enrollers: readonly string[]
  /** DIDs. */
  readonly admins: readonly string[]
  /** `urn:uuid:…` of credentials. */
  readonly credentials: readonly string[]
  readonly class: RevocationClass
  readonly reason: string
  /** Where witnesses' logs ended when all was well; where they end now when absent. */
  readonly since?: MeshDescription['since'] | undefined
}

/**
 * A revocation, unsigned.
 *
 * @throws NodeError `no-such-member`, `name-ambiguous`, `not-an-admin`
 */
export function proposeRevocation(mesh: MeshDescription, wish: RevocationWish): JsonObject {
  const { members, set } = mesh
  const targets: readonly RevocationTarget[] = [
    ...wish.who.map((who) => {
      const { did, member } = findMember(members, who)
      return { did, maxGen: member?.gen ?? 1 }
    }),
    ...wish.keyHashes.map((keyHash) => ({ keyHash })),
    ...wish.enrollers.map((who) => ({ enroller: findMember(members, who).did })),
    ...wish.admins.map((who) => ({ admin: adminOf(mesh, who) })),
    ...wish.credentials.map((credential) => ({ credential })),
  ]
  return writeRevocation({
    ...fresh(set.charter.meshId),
    targets,
    class: wish.class,
    reason: wish.reason,
    since: wish.since ?? mesh.since,
  })
}

/**
 * A quarantine, unsigned, on the word of one admin.
 *
 * @throws NodeError `no-such-member`, `name-ambiguous`
 */
export function proposeQuarantine(
  { set, members }: MeshDescription,
  wish: {
    readonly who: string
    readonly issuer: Did
    readonly forMs: number
    readonly reason: string
  },
): JsonObject {
  const base = fresh(set.charter.meshId)
  const { who, issuer, forMs, reason } = wish
  const { did } = findMember(members, who)
  return writeQuarantine({ ...base, issuer, did, reason, notAfterMs: base.claimedMs + forMs })
}

/** An island grant, unsigned. */
export function proposeIsland(
  { set }: MeshDescription,
  wish: {
    readonly enclave: string
    readonly staleMs: number
    readonly servers: readonly string[]
    readonly untilMs: number
  },
): JsonObject {
  const { enclave, staleMs: maxStalenessMs, servers, untilMs: notAfterMs } = wish
  return writeIsland({
    ...fresh(set.charter.meshId),
    enclave,
    maxStalenessMs,
    servers,
    notAfterMs,
  })
}

/** What every new record begins with. */
export function fresh(meshId: string): {
  readonly meshId: string
  readonly uuid: string
  readonly claimedMs: number
} {
  return { meshId, uuid: randomUuid(suite), claimedMs: systemClock.wallMs() }
}

/**
 * The DID of an admin in force.
 *
 * @throws NodeError `not-an-admin`
 */
export function adminOf({ set }: MeshDescription, who: string): Did {
  if (isDid(who) && set.tree.tip.admins.some(({ did }) => did === who)) return who
  throw new NodeError('not-an-admin', 'that is not the DID of an admin of this mesh')
}
