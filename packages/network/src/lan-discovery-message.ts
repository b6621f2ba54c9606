import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { CODE_P2P, multiaddr } from '@multiformats/multiaddr'
import type { QueryPacket, ResponseOutgoingPacket, ResponsePacket } from 'multicast-dns'
import { toString } from 'uint8arrays/to-string'
import { type TcpAddress, tcpAddressOf, wireMultiaddr } from './lan-discovery-tcp-address.ts'

const TXT_RECORDS_MAX = 16
/** RFC 1035 §3.3.14: one character-string. */
const TXT_BYTES_MAX = 255
const RECORD_TTL_S = 120
const PREFIX = 'dnsaddr='
const UTF8 = new TextDecoder('utf-8', { fatal: true })

/** What a node says about itself on one interface. */
export interface LanAnnouncement {
  readonly peerId: PeerId
  readonly addresses: readonly TcpAddress[]
}

export interface AnswerNames {
  /** What all nodes of the mesh ask for. */
  readonly serviceTag: string
  /** A random label, new at each start, that says nothing about the node. */
  readonly instance: string
}

/** Tells whether somebody looks for nodes of this mesh. */
export function isQueryFor(serviceTag: string, { questions = [] }: QueryPacket): boolean {
  return questions.some(({ name, type }) => type === 'PTR' && sameName(name, serviceTag))
}

/** The answer: a PTR record to a random name, and a TXT `dnsaddr=<multiaddr>/p2p/<id>` for each address. */
export function answer(names: AnswerNames, announcement: LanAnnouncement): ResponseOutgoingPacket {
  const name = `${names.instance}.${names.serviceTag}`
  const texts = announcement.addresses
    .map((address) => `${PREFIX}${wireMultiaddr(address)}/p2p/${announcement.peerId.toString()}`)
    .filter((text) => text.length <= TXT_BYTES_MAX)
    .slice(0, TXT_RECORDS_MAX)
  return {
    answers: [
      { name: names.serviceTag, type: 'PTR', class: 'IN', ttl: RECORD_TTL_S, data: name },
      ...texts.map((data) => ({
        name,
        type: 'TXT' as const,
        class: 'IN' as const,
        ttl: RECORD_TTL_S,
        data,
      })),
    ],
  }
}

/**
 * Reads an answer that anybody on the wire may have written; undefined when it is not one for this
 * mesh or breaks a rule.
 *
 * All of an answer's addresses name the same peer: otherwise one packet could graft an address
 * onto somebody else. Addresses of a shape that we never dial are left out.
 */
export function parseAnswer(
  serviceTag: string,
  { answers = [] }: ResponsePacket,
): LanAnnouncement | undefined {
  const instances = answers.flatMap((record) =>
    record.type === 'PTR' && sameName(record.name, serviceTag) ? [record.data] : [],
  )
  const [instance] = instances
  if (instance === undefined || instances.length > 1) return undefined
  const records = answers.flatMap((record) =>
    record.type === 'TXT' && sameName(record.name, instance) ? [record.data] : [],
  )
  if (records.length === 0 || records.length > TXT_RECORDS_MAX) return undefined
  const claims = records.map(parseClaim)
  const [first] = claims
  if (first === undefined) return undefined
  if (claims.some((claim) => claim?.peerId.equals(first.peerId) !== true)) return undefined
  return {
    peerId: first.peerId,
    addresses: claims.flatMap((claim) => claim?.address ?? []),
  }
}

interface Claim {
  readonly peerId: PeerId
  /** Undefined when it is not an address that we could dial. */
  readonly address: TcpAddress | undefined
}

function parseClaim(
  data: string | Uint8Array | readonly (string | Uint8Array)[],
): Claim | undefined {
  try {
    const text = textOf(data)
    if (text === undefined || !text.startsWith(PREFIX)) return undefined
    const address = multiaddr(text.slice(PREFIX.length))
    const id = address.getComponents().findLast(({ code }) => code === CODE_P2P)?.value
    if (id === undefined) return undefined
    const peerId = peerIdFromString(id)
    return peerId.type === 'Ed25519' ? { peerId, address: tcpAddressOf(address) } : undefined
  } catch {
    // Not text, not a multiaddr or not a peer id: there is nobody to tell, the answer is dropped.
    return undefined
  }
}

function textOf(data: string | Uint8Array | readonly (string | Uint8Array)[]): string | undefined {
  const parts = typeof data === 'string' || data instanceof Uint8Array ? [data] : data
  const [part] = parts
  if (part === undefined || parts.length > 1) return undefined
  const text = typeof part === 'string' ? part : UTF8.decode(part)
  return text.length <= TXT_BYTES_MAX ? text : undefined
}

/** DNS names are compared without regard to case (RFC 6762 §16). */
function sameName(name: string, other: string): boolean {
  return name.length === other.length && name.toLowerCase() === other.toLowerCase()
}

/** A label for `AnswerNames.instance`: 20 random bytes in hexadecimal. */
export function instanceLabel(random: Uint8Array): string {
  return toString(random, 'hex')
}
