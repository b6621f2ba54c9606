import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSuite as suite } from '@warren/crypto'
import { createIdentity, type Did, type Identity } from '@warren/identity'
import {
  adminSigner,
  type AdminSigner,
  createCharter,
  issueMembership,
  type Membership,
  publicPair,
  RecordSet,
  signByAdmins,
  type VerifiedCharter,
  writeRevocation,
} from '@warren/membership'
import { canonicalJson } from '@warren/core'
import { BenchNode } from './revocation-node.ts'

const YEAR_MS = 31_536_000_000
const ADMINS = 3
const CONNECTED_MS_MAX = 900_000

/** Who dials whom. */
export type Topology = 'ring and random' | 'full mesh'

export interface BenchMeshInit {
  readonly nodes: number
  readonly topology: Topology
  /** None: nothing but the revocations themselves is signed and spread. */
  readonly witnesses: number
  /** Members that are no nodes here, to be revoked one after the other. */
  readonly canaries: number
}

/** Many nodes in this process, each with its store and its sockets, and members to revoke. */
export class BenchMesh {
  readonly nodes: readonly BenchNode[]
  readonly canaries: readonly Did[]
  readonly #root: string
  readonly #charter: VerifiedCharter
  readonly #admins: readonly AdminSigner[]
  #revocations = 0

  private constructor(
    root: string,
    made: { charter: VerifiedCharter; admins: readonly AdminSigner[] },
    who: { nodes: readonly BenchNode[]; canaries: readonly Did[] },
  ) {
    this.#root = root
    this.#charter = made.charter
    this.#admins = made.admins
    this.nodes = who.nodes
    this.canaries = who.canaries
  }

  /** Makes the members, starts the nodes and waits until they are connected as they should be. */
  static async start(init: BenchMeshInit): Promise<BenchMesh> {
    const { nodes: count, topology, canaries } = init
    const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
    const root = mkdtempSync(join(base, 'warren-bench-'))
    const nowMs = Date.now()
    const people = Array.from({ length: count + canaries }, () => createIdentity({ suite, nowMs }))
    const admins = Array.from({ length: ADMINS }, () =>
      adminSigner(createIdentity({ suite, nowMs })),
    )
    const witnesses = people.slice(0, init.witnesses).map((each) => publicPair(adminSigner(each)))
    const charter = createCharter({ suite, name: 'bench', admins, k: 2, witnesses, nowMs })
    const memberships = people.map((each) => membershipOf(each, { charter, admins, nowMs }))
    const { set } = RecordSet.empty(suite, charter).accept(memberships.map(({ text }) => text))
    const nodes: BenchNode[] = []
    for (const [at, identity] of people.slice(0, count).entries()) {
      const directory = join(root, String(at))
      mkdirSync(directory)
      const membership = memberships[at]
      if (membership === undefined) throw new Error('every node is a member')
      const dials = dialledBy(at, topology).flatMap((other) => nodes[other]?.address ?? [])
      const node = new BenchNode({ directory, charter, identity, membership, set, dials })
      await node.start()
      nodes.push(node)
    }
    const gone = people.slice(count).map(({ did }) => did)
    const mesh = new BenchMesh(root, { charter, admins }, { nodes, canaries: gone })
    await mesh.#connected(topology)
    return mesh
  }

  /** A revocation of one member, signed by two of three administrators. */
  revocationOf(did: Did): string {
    this.#revocations += 1
    const document = writeRevocation({
      meshId: this.#charter.meshId,
      uuid: `urn:uuid:00000000-0000-4000-8000-${String(this.#revocations).padStart(12, '0')}`,
      claimedMs: Date.now(),
      targets: [{ did, maxGen: 1 }],
      class: 'compromised',
      reason: 'laptop stolen',
      since: [],
    })
    const signers = this.#admins.slice(0, 2)
    return canonicalJson(signByAdmins({ suite, document, signers, createdMs: Date.now() }))
  }

  /** Whether records are exchanged with neighbours, or gossip alone carries them. */
  exchange(isOn: boolean): void {
    for (const node of this.nodes) node.exchange(isOn)
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()))
    rmSync(this.#root, { recursive: true, force: true })
  }

  async #connected(topology: Topology): Promise<void> {
    const deadline = performance.now() + CONNECTED_MS_MAX
    for (;;) {
      const missing = this.nodes.map((node, at) => dialledBy(at, topology).length - node.dialled())
      if (missing.every((count) => count <= 0)) return
      if (performance.now() > deadline) throw new Error('the nodes do not find each other')
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }
}

/** The earlier nodes that a node keeps a connection to. */
function dialledBy(at: number, topology: Topology): readonly number[] {
  const earlier = Array.from({ length: at }, (_, other) => other)
  if (topology === 'full mesh') return earlier
  // Multiplication by a prime stands for chance, so that each run has the same mesh.
  const random = [1, 2, 3].map((n) => (at * 7_919 * n + 104_729 * n) % Math.max(at, 1))
  return [...new Set(at === 0 ? [] : [at - 1, ...random])]
}

function membershipOf(
  member: Identity,
  mesh: { charter: VerifiedCharter; admins: readonly AdminSigner[]; nowMs: number },
): Membership {
  const { charter, admins, nowMs } = mesh
  return issueMembership({
    suite,
    charter,
    admins: admins.slice(0, 2),
    member: member.log,
    enclave: 'main',
    roles: ['member'],
    notBeforeMs: nowMs,
    notAfterMs: nowMs + YEAR_MS,
    nowMs,
  })
}
