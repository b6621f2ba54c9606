import { canonicalJson, type JsonObject } from '@warren/core'
import { contentId, type Did, type Identity } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  issueMembership,
  type Membership,
  type MembershipGrant,
  type MembershipRecord,
  publicPair,
  RecordSet,
  type RevocationTarget,
  signByAdmins,
  type AdminChangeRecord,
  writeAdminChange,
  writeBeacon,
  writeCheckpoint,
  writeEnroller,
  writeForkProof,
  writeIsland,
  writeQuarantine,
  writeReadmission,
  writeRevocation,
} from '@warren/membership'
import { HOUR_MS, identity, NOW_MS, suite, type TestMesh, YEAR_MS } from './builders.ts'

/** A mesh with witnesses, and its empty set of records. */
export interface WitnessedMesh extends TestMesh {
  readonly witnesses: readonly AdminSigner[]
  readonly empty: RecordSet
  emptyWith(limits: Parameters<typeof RecordSet.empty>[2]): RecordSet
}

/** Admins with numbers of their own: making keys is what costs time in these tests. */
const POOL: Identity[] = []

export function pooled(at: number): Identity {
  while (POOL.length <= at) POOL.push(identity())
  const found = POOL[at]
  if (found === undefined) throw new Error('the pool grows as needed')
  return found
}

export interface MeshShape {
  readonly admins?: number
  readonly k?: number
  readonly kAdmin?: number
  readonly witnesses?: number
  readonly kWitness?: number
}

const WITNESSES_AT = 16
const MEMBERS_AT = 24

export function witnessedMesh(shape: MeshShape = {}): WitnessedMesh {
  const { admins: adminCount = 3, k = 2, witnesses: witnessCount = 3 } = shape
  const owners = Array.from({ length: adminCount }, (_, at) => pooled(at))
  const admins = owners.map(adminSigner)
  const witnesses = Array.from({ length: witnessCount }, (_, at) =>
    adminSigner(pooled(WITNESSES_AT + at)),
  )
  const charter = createCharter({
    suite,
    name: 'plant',
    admins,
    k,
    ...(shape.kAdmin === undefined ? {} : { kAdmin: shape.kAdmin }),
    witnesses: witnesses.map(publicPair),
    ...(shape.kWitness === undefined ? {} : { kWitness: shape.kWitness }),
    nowMs: NOW_MS,
  })
  const emptyWith: WitnessedMesh['emptyWith'] = (limits) => RecordSet.empty(suite, charter, limits)
  return { owners, admins, charter, witnesses, empty: emptyWith({}), emptyWith }
}

/** Somebody who may become a member, by number. */
export function person(at: number): Identity {
  return pooled(MEMBERS_AT + at)
}

export function grant(
  mesh: TestMesh,
  member: Identity,
  changes: Partial<MembershipGrant> = {},
): Membership {
  const { charter, admins } = mesh
  return issueMembership({
    suite,
    charter,
    admins: admins.slice(0, charter.k),
    member: member.log,
    enclave: 'plant-a',
    roles: ['operator'],
    notBeforeMs: NOW_MS,
    notAfterMs: NOW_MS + YEAR_MS,
    nowMs: NOW_MS,
    ...changes,
  })
}

let uuids = 0

/** A fresh `urn:uuid:`, by number. */
export function uuid(): string {
  uuids += 1
  return `urn:uuid:00000000-0000-4000-8000-${uuids.toString(16).padStart(12, '0')}`
}

/** Signs a record with both keys of each. */
export function signed(document: JsonObject, signers: readonly AdminSigner[]): string {
  return canonicalJson(signByAdmins({ suite, document, signers, createdMs: NOW_MS }))
}

export interface RevocationWish {
  readonly targets: readonly RevocationTarget[]
  readonly by?: readonly AdminSigner[]
  readonly class?: 'lost' | 'compromised' | 'policy' | 'retired'
  readonly since?: readonly { readonly witness: Did; readonly size: number }[]
  readonly claimedMs?: number
}

export function revocation(mesh: TestMesh, wish: RevocationWish): string {
  const document = writeRevocation({
    meshId: mesh.charter.meshId,
    uuid: uuid(),
    claimedMs: wish.claimedMs ?? NOW_MS,
    targets: wish.targets,
    class: wish.class ?? 'compromised',
    reason: 'laptop stolen',
    since: wish.since ?? [],
  })
  return signed(document, wish.by ?? mesh.admins.slice(0, mesh.charter.k))
}

export function revoked(mesh: TestMesh, member: Identity, maxGen = 1): string {
  return revocation(mesh, { targets: [{ did: member.did, maxGen }] })
}

export function quarantine(
  mesh: TestMesh,
  member: Identity,
  {
    by = mesh.admins[0],
    hours = 12,
    claimedMs = NOW_MS,
  }: { by?: AdminSigner; hours?: number; claimedMs?: number } = {},
): string {
  if (by === undefined) throw new Error('a mesh has an admin')
  const document = writeQuarantine({
    meshId: mesh.charter.meshId,
    uuid: uuid(),
    issuer: by.did,
    claimedMs,
    notAfterMs: claimedMs + hours * HOUR_MS,
    did: member.did,
    reason: 'odd traffic',
  })
  return signed(document, [by])
}

export function readmission(
  mesh: TestMesh,
  wish: { member: Identity; gen: number; keys: readonly string[]; ref: string },
): string {
  const { member, gen, keys, ref } = wish
  const document = writeReadmission({
    meshId: mesh.charter.meshId,
    uuid: uuid(),
    claimedMs: NOW_MS,
    did: member.did,
    gen,
    keys,
    ref,
  })
  return signed(document, mesh.admins.slice(0, mesh.charter.k))
}

/** The next checkpoint of a witness: it has now seen these ids as well. */
export function checkpoint(
  set: RecordSet,
  witness: AdminSigner,
  { added, claimedMs = NOW_MS }: { added: readonly string[]; claimedMs?: number },
): string {
  const latest = set.logs.latest(witness.did)
  const document = writeCheckpoint({
    meshId: set.charter.meshId,
    witness: witness.did,
    claimedMs,
    epoch: (latest?.epoch ?? 0) + 1,
    prev: latest?.id,
    size: (latest?.size ?? 0) + added.length,
    added,
    removalRoot: set.trie('removal').root,
    removalCount: set.trie('removal').count,
    adminHead: set.tree.tip.head,
  })
  return signed(document, [witness])
}

export interface CheckpointWish {
  readonly witness: AdminSigner
  readonly epoch: number
  readonly size: number
  readonly prev?: string
  readonly added?: readonly string[]
  readonly adminHead?: string
}

/** A checkpoint that says whatever it is told to say. */
export function statedCheckpoint(mesh: TestMesh, wish: CheckpointWish): string {
  const { witness, epoch, size, prev, added = [], adminHead = mesh.charter.meshId } = wish
  const document = writeCheckpoint({
    meshId: mesh.charter.meshId,
    witness: witness.did,
    claimedMs: NOW_MS,
    epoch,
    prev,
    size,
    added,
    removalRoot: '0'.repeat(64),
    removalCount: 0,
    adminHead,
  })
  return signed(document, [witness])
}

/** The set in which these witnesses have written these ids down, one checkpoint each. */
export function seenBy(
  set: RecordSet,
  witnesses: readonly AdminSigner[],
  wish: { readonly added: readonly string[]; readonly claimedMs?: number },
): RecordSet {
  return withAll(set, ...witnesses.map((witness) => checkpoint(set, witness, wish)))
}

/** A beacon of a witness; two of one number that count differently are a fork. */
export function beacon(
  mesh: TestMesh,
  witness: AdminSigner,
  { seq, removalCount = 0 }: { readonly seq: number; readonly removalCount?: number },
): string {
  const document = writeBeacon({
    meshId: mesh.charter.meshId,
    witness: witness.did,
    seq,
    timeMs: NOW_MS,
    nextByMs: 60_000,
    removalRoot: '0'.repeat(64),
    removalCount,
    memberRoot: '0'.repeat(64),
    memberCount: 0,
    checkpoint: undefined,
  })
  return signed(document, [witness])
}

/** A proof that somebody signed both of these. */
export function forkProof(mesh: TestMesh, left: string, right: string): string {
  const heads = [left, right].toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1)).map(documentOf)
  const [first, second] = heads
  if (first === undefined || second === undefined) throw new Error('two heads')
  return canonicalJson(writeForkProof(mesh.charter.meshId, [first, second]))
}

/** The id of a record, by its text. */
export function idOf(text: string): string {
  return contentId(suite, documentOf(text))
}

function documentOf(text: string): JsonObject {
  return JSON.parse(text) as JsonObject
}

export interface EnrollerWish {
  readonly enroller: AdminSigner
  readonly quota?: number
  readonly roles?: readonly string[]
  readonly enclave?: string
  readonly claimedMs?: number
  readonly notAfterMs?: number
  readonly uuid?: string
}

/** An enroller credential of k admins. */
export function enrollerCredential(mesh: TestMesh, wish: EnrollerWish): string {
  const document = writeEnroller({
    meshId: mesh.charter.meshId,
    uuid: wish.uuid ?? uuid(),
    claimedMs: wish.claimedMs ?? NOW_MS,
    enroller: publicPair(wish.enroller),
    enclave: wish.enclave ?? 'plant-a',
    roles: wish.roles ?? ['operator'],
    quota: wish.quota ?? 2,
    notAfterMs: wish.notAfterMs ?? NOW_MS + YEAR_MS,
  })
  return signed(document, mesh.admins.slice(0, mesh.charter.k))
}

/** A membership that an enroller grants on its own. */
export function enrolled(
  mesh: TestMesh,
  wish: {
    readonly enroller: AdminSigner
    readonly member: Identity
    readonly changes?: Partial<MembershipGrant>
  },
): string {
  const { enroller, member, changes } = wish
  const { proof: _proof, ...document } = documentOf(grant(mesh, member, changes).text)
  return signed({ ...document, issuer: enroller.did }, [enroller])
}

export function island(mesh: TestMesh): string {
  const document = writeIsland({
    meshId: mesh.charter.meshId,
    uuid: uuid(),
    claimedMs: NOW_MS,
    notAfterMs: NOW_MS + YEAR_MS,
    enclave: 'plant-a',
    maxStalenessMs: HOUR_MS,
    servers: ['pump'],
  })
  return signed(document, mesh.admins.slice(0, mesh.charter.k))
}

export interface ChangeWish extends Partial<
  Omit<
    AdminChangeRecord,
    'type' | 'id' | 'text' | 'signers' | 'approvers' | 'add' | 'rotate' | 'addWitnesses'
  >
> {
  readonly by: readonly AdminSigner[]
  readonly add?: readonly AdminSigner[]
  readonly rotate?: readonly AdminSigner[]
  readonly addWitnesses?: readonly AdminSigner[]
  /** Signs in place of everybody who ought to. */
  readonly signers?: readonly AdminSigner[]
}

/** A change of the admins or witnesses: of those of the charter, where nothing else is said. */
export function adminChange(mesh: TestMesh, wish: ChangeWish): string {
  const { by, add = [], rotate = [], addWitnesses = [], signers } = wish
  const { k, kAdmin, kWitness, meshId } = mesh.charter
  const document = writeAdminChange({
    meshId,
    claimedMs: NOW_MS,
    prev: wish.prev ?? meshId,
    approvers: by.map(({ did }) => did),
    add: add.map(publicPair),
    remove: wish.remove ?? [],
    rotate: rotate.map(publicPair),
    addWitnesses: addWitnesses.map(publicPair),
    removeWitnesses: wish.removeWitnesses ?? [],
    k: wish.k ?? k,
    kAdmin: wish.kAdmin ?? kAdmin,
    kWitness: wish.kWitness ?? kWitness,
    since: wish.since ?? [],
  })
  return signed(document, signers ?? [...by, ...add, ...rotate])
}

/** The code with which a set refuses a text. */
export function refusedCode(set: RecordSet, text: string): string | undefined {
  return set.accept([text]).refused[0]?.error.code
}

/** The set with all of these, each of which must be valid. */
export function withAll(set: RecordSet, ...texts: readonly string[]): RecordSet {
  const { set: after, refused } = set.accept(texts)
  for (const { error } of refused) throw error
  return after
}

/** The set with so many members more for whom nobody has signed: where only their number matters. */
export function crowd(set: RecordSet, like: Membership, count: number): RecordSet {
  const record = set.decode(like.text)
  if (record.type !== 'membership') throw new Error('a membership is one')
  const members = Array.from({ length: count }, (_, at): MembershipRecord => {
    const scid = `Qm${at.toString(9).replaceAll('0', 'z').padStart(44, 'z')}`
    const did: Did = `did:webvh:${scid}:warren.internal`
    const id = `z${scid}`
    return { ...record, id, membership: { ...record.membership, id, did, scid } }
  })
  return set.with(members)
}
