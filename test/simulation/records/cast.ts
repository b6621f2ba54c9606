import { canonicalJson, type JsonObject } from '@warren/core'
import { createNobleSuite, nodeSuite } from '@warren/crypto'
import {
  authenticationKeys,
  createIdentity,
  encodeMultikey,
  type Did,
  type Identity,
} from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  issueMembership,
  RecordSet,
  signByAdmins,
  type VerifiedCharter,
  writeReadmission,
  writeRevocation,
} from '@warren/membership'
import { SeededRandom } from '@warren/testkit'

/** The people of a simulated mesh, and all records that are made in it. */
export interface Cast {
  /** Charter and memberships: what every node knew before the run. */
  readonly known: RecordSet
  /** Who is revoked. */
  readonly target: Did
  /** Members of whom nothing but good is ever said. */
  readonly others: readonly Did[]
  /** The membership that the revocation takes away. */
  readonly membership: string
  readonly revocation: string
  readonly revocationId: string
  /** The target may come back with new keys, and its membership of the second generation. */
  readonly readmission: readonly string[]
  /** What dishonest admins sign, enough of them, with dates of before the revocation. */
  readonly forged: readonly string[]
}

/** What mesh time stands still at: nothing in these scenarios expires. */
export const MESH_NOW_MS: number = Date.UTC(2026, 10, 22, 10)

const DAY_MS = 86_400_000
const ADMINS = 3
const K = 2
const OTHERS = 3

let cast: Cast | undefined

/** Made once in a process, always with the same keys: 2-of-3 admins, three witnesses, four members. */
export function theCast(): Cast {
  cast ??= createCast()
  return cast
}

interface Founders {
  readonly charter: VerifiedCharter
  readonly admins: readonly AdminSigner[]
}

const random = new SeededRandom('cast')
/** Keys, hedges and numbers from one seed, so that a run repeats in another process. */
const suite = createNobleSuite(random)

function createCast(): Cast {
  const founders = found()
  const { charter } = founders
  const target = person()
  const others = Array.from({ length: OTHERS }, person)
  const memberships = [target, ...others].map((member) => membershipOf(founders, { member }))
  const known = withAll(RecordSet.empty(nodeSuite, charter), memberships)
  const revocation = revocationOf(founders, target)
  const [revocationId = ''] = known.accept([revocation]).added.map(({ id }) => id)
  const renewed = person()
  return {
    known,
    target: target.did,
    others: others.map(({ did }) => did),
    membership: memberships[0] ?? '',
    revocation,
    revocationId,
    readmission: [
      readmissionOf(founders, { target, renewed, ref: revocationId }),
      membershipOf(founders, { member: target, keys: renewed, gen: 2 }),
    ],
    forged: [
      membershipOf(founders, { member: target, fromMs: MESH_NOW_MS - DAY_MS }),
      membershipOf(founders, { member: target, keys: person(), gen: 1 }),
      membershipOf(founders, { member: target, gen: 2 }),
    ],
  }
}

function person(): Identity {
  return createIdentity({ suite, nowMs: MESH_NOW_MS - DAY_MS })
}

function found(): Founders {
  const admins = Array.from({ length: ADMINS }, () => adminSigner(person()))
  const charter = createCharter({
    suite,
    name: 'simulated',
    admins,
    k: K,
    nowMs: MESH_NOW_MS - DAY_MS,
  })
  return { charter, admins }
}

interface MembershipWish {
  readonly member: Identity
  /** Whose keys stand in it; the member's own, unless told otherwise. */
  readonly keys?: Identity
  readonly gen?: number
  readonly fromMs?: number
}

function membershipOf(
  { charter, admins }: Founders,
  { member, keys = member, gen = 1, fromMs = MESH_NOW_MS }: MembershipWish,
): string {
  const { text } = issueMembership({
    suite,
    charter,
    admins: admins.slice(0, K),
    member: { ...keys.log, did: member.did },
    enclave: 'plant-a',
    roles: ['operator'],
    gen,
    notBeforeMs: fromMs,
    notAfterMs: MESH_NOW_MS + DAY_MS,
    nowMs: fromMs,
  })
  return text
}

function revocationOf({ charter, admins }: Founders, { did }: Identity): string {
  const document = writeRevocation({
    meshId: charter.meshId,
    uuid: uuid(1),
    claimedMs: MESH_NOW_MS,
    targets: [{ did, maxGen: 1 }],
    class: 'compromised',
    reason: 'laptop stolen',
    since: [],
  })
  return signed(document, admins.slice(0, K))
}

function readmissionOf(
  { charter, admins }: Founders,
  { target, renewed, ref }: { target: Identity; renewed: Identity; ref: string },
): string {
  const { ed25519, mlDsa44 } = authenticationKeys(renewed.log.document)
  const document = writeReadmission({
    meshId: charter.meshId,
    uuid: uuid(2),
    claimedMs: MESH_NOW_MS,
    did: target.did,
    gen: 2,
    keys: [
      ...ed25519.map((bytes) => encodeMultikey({ type: 'ed25519', bytes })),
      ...mlDsa44.map((bytes) => encodeMultikey({ type: 'mldsa44', bytes })),
    ],
    ref,
  })
  return signed(document, admins.slice(0, K))
}

function signed(document: JsonObject, signers: readonly AdminSigner[]): string {
  return canonicalJson(signByAdmins({ suite, document, signers, createdMs: MESH_NOW_MS }))
}

function uuid(number: number): string {
  return `urn:uuid:00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

function withAll(set: RecordSet, texts: readonly string[]): RecordSet {
  const { set: after, refused } = set.accept(texts)
  for (const { error } of refused) throw error
  return after
}
