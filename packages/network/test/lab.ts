import type { Clock } from '@warren/core'
import { nodeSuite } from '@warren/crypto'
import type { ChannelIdentity } from '@warren/handshake'
import {
  type AdmissionVerdict,
  type AuditPort,
  type Channel,
  createNetwork,
  type JoinPort,
  type MeshPort,
  type Network,
  type NetworkLimits,
  NetworkError,
  type RecordsPort,
} from '@warren/network'
import { setTimeout as delay } from 'node:timers/promises'
import { onTestFinished } from 'vitest'

export const MESH_ID = 'zQmTestMesh'
const DEADLINE_MS = 5_000
const POLL_MS = 5

export const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() }

export interface LabNodeOptions {
  readonly name?: string
  /** The node's keys; fresh ones when absent. */
  readonly identity?: ChannelIdentity
  readonly meshId?: string
  readonly limits?: Partial<NetworkLimits>
  readonly staticPeers?: readonly string[]
  readonly listen?: readonly string[]
  readonly join?: JoinPort
  readonly records?: RecordsPort
  readonly audit?: AuditPort
  readonly mesh?: MeshPort
  readonly stillAdmitted?: (did: string, channel: Channel) => string | undefined
  /** Judges the DID that the peer has shown; admits everybody by default. */
  readonly judge?: (did: string, channel: Channel) => AdmissionVerdict | Promise<AdmissionVerdict>
  readonly hello?: () => Uint8Array
}

export interface LabNode {
  readonly did: string
  readonly network: Network
  readonly address: string
  readonly log: readonly string[]
}

let made = 0

/** A started network whose hello is its DID and nothing more. It is stopped when the test ends. */
export async function labNode(options: LabNodeOptions = {}): Promise<LabNode> {
  made += 1
  const did = options.name ?? `did:test:${made}`
  const log: string[] = []
  const network = createNetwork({
    suite: nodeSuite,
    clock,
    privateIdentity: options.identity ?? freshIdentity(),
    meshId: options.meshId ?? MESH_ID,
    listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0'],
    staticPeers: options.staticPeers ?? [],
    discovery: { enabled: false },
    limits: options.limits ?? {},
    admission: {
      hello: options.hello ?? (() => Buffer.from(did)),
      judge: async (hello, channel) => {
        const shown = Buffer.from(hello).toString()
        return options.judge?.(shown, channel) ?? { admitted: true, did: shown }
      },
      stillAdmitted: (member, channel) => options.stillAdmitted?.(member, channel),
    },
    ...portsOf(options),
    logger: {
      log: (level, code, fields) => log.push(`${level} ${code} ${JSON.stringify(fields)}`),
    },
  })
  await network.start()
  onTestFinished(async () => network.stop())
  return { did, network, log, address: network.addresses()[0] ?? 'none' }
}

type OptionalPorts = Pick<LabNodeOptions, 'join' | 'records' | 'audit' | 'mesh'>

function portsOf({ join, records, audit, mesh }: OptionalPorts): OptionalPorts {
  return {
    ...(join && { join }),
    ...(records && { records }),
    ...(audit && { audit }),
    ...(mesh && { mesh }),
  }
}

export function freshIdentity(): ChannelIdentity {
  return { ed25519: nodeSuite.ed25519.signer(), mlDsa44: nodeSuite.mlDsa44.signer() }
}

export function soon(): AbortSignal {
  return AbortSignal.timeout(DEADLINE_MS)
}

/** Two nodes that have admitted each other; `near` has dialled. */
export async function connectedPair(
  near: LabNodeOptions = {},
  far: LabNodeOptions = {},
): Promise<{ near: LabNode; far: LabNode }> {
  const [nearNode, farNode] = await Promise.all([labNode(near), labNode(far)])
  await nearNode.network.dial(farNode.address, soon())
  await until(() => farNode.network.peers().length === 1)
  return { near: nearNode, far: farNode }
}

/** Polls until something holds. */
export async function until(holds: () => boolean, deadlineMs: number = DEADLINE_MS): Promise<void> {
  const giveUpAt = performance.now() + deadlineMs
  while (!holds()) {
    if (performance.now() > giveUpAt)
      throw new Error(`not within ${deadlineMs} ms: ${String(holds)}`)
    await delay(POLL_MS)
  }
}

/** The next event of a kind. */
export function nextEvent<K extends Parameters<Network['on']>[0]>(
  network: Network,
  kind: K,
): Promise<Parameters<Parameters<typeof network.on<K>>[1]>[0]> {
  return new Promise((resolve) => {
    const off = network.on(kind, (detail) => {
      off()
      resolve(detail)
    })
  })
}

export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Serves calls by sending back what comes. */
export function echoCalls(node: LabNode): void {
  node.network.onCall(async (stream) => {
    for await (const chunk of stream.bytes) await stream.write(chunk)
    await stream.end()
  })
}

export function codeOf(error: unknown): string {
  return error instanceof NetworkError ? error.code : String(error)
}
