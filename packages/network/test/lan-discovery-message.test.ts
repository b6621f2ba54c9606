import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { nodeSuite } from '@warren/crypto'
import type { ResponsePacket } from 'multicast-dns'
import { expect, test } from 'vitest'
import { answer, instanceLabel, isQueryFor, parseAnswer } from '../src/lan-discovery-message.ts'
import { lanServiceTag } from '../src/lan-discovery-service-tag.ts'
import type { TcpAddress } from '../src/lan-discovery-tcp-address.ts'

const TAG = '_w00112233445566._udp.local'
const INSTANCE = `abc.${TAG}`
const NAMES = { serviceTag: TAG, instance: 'abc' }
const ADDRESS: TcpAddress = { family: 'ipv4', host: '10.0.0.1', port: 4001 }

const ed25519 = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const other = peerIdFromPrivateKey(await generateKeyPair('Ed25519'))
const secp256k1 = peerIdFromPrivateKey(await generateKeyPair('secp256k1'))

type Answers = NonNullable<ResponsePacket['answers']>

function response(answers: Answers): ResponsePacket {
  return {
    id: 0,
    type: 'response',
    flags: 0,
    questions: [],
    answers,
    authorities: [],
    additionals: [],
  } as unknown as ResponsePacket
}

function ptr(name = TAG, data = INSTANCE): Answers[number] {
  return { type: 'PTR', name, data }
}

/** As the decoder hands them over: a list of byte strings. */
function txt(text: string, name = INSTANCE): Answers[number] {
  return { type: 'TXT', name, data: [Buffer.from(text)] }
}

function claim(peer: PeerId = ed25519, address = '/ip4/10.0.0.1/tcp/4001'): string {
  return `dnsaddr=${address}/p2p/${peer.toString()}`
}

function read(...answers: Answers): readonly TcpAddress[] | undefined {
  return parseAnswer(TAG, response(answers))?.addresses
}

function records(count: number): Answers {
  return Array.from({ length: count }, () => txt(claim()))
}

/** A record of that many characters, with an address of a kind that is left out. */
function padded(length: number): string {
  const start = '/dns4/'
  const end = '/tcp/1'
  const room = length - claim(ed25519, start + end).length
  return claim(ed25519, start + 'a'.repeat(room) + end)
}

function query(name: string, type: 'PTR' | 'A'): Parameters<typeof isQueryFor>[1] {
  return { ...response([]), type: 'query', questions: [{ name, type }] } as never
}

test('what one node says another one reads', { tags: ['LAN-3', 'LAN-8'] }, () => {
  const link: TcpAddress = { family: 'ipv6', host: 'fe80::1', port: 4001 }
  const said = answer(NAMES, { peerId: ed25519, addresses: [ADDRESS, link] })
  const sent = said.answers.map((record) =>
    record.type === 'TXT' ? txt(String(record.data)) : record,
  )
  const heard = parseAnswer(TAG, response(sent))

  expect(heard?.peerId.equals(ed25519)).toBe(true)
  expect(heard?.addresses).toEqual([ADDRESS, link])
  expect(JSON.stringify(said)).not.toContain('%')
})

test('at most 16 addresses are said', { tags: ['LAN-7'] }, () => {
  const many = Array.from({ length: 20 }, (_, index) => ({ ...ADDRESS, port: 4000 + index }))
  const { answers } = answer(NAMES, { peerId: ed25519, addresses: many })
  expect(answers.filter(({ type }) => type === 'TXT')).toHaveLength(16)
})

test('16 records are read and 17 are not', { tags: ['LAN-7'] }, () => {
  expect(read(ptr(), ...records(16))).toHaveLength(16)
  expect(read(ptr(), ...records(17))).toBeUndefined()
  expect(read(ptr())).toBeUndefined()
})

test('255 characters are read and 256 are not', { tags: ['LAN-7'] }, () => {
  expect(padded(255)).toHaveLength(255)
  expect(read(ptr(), txt(claim()), txt(padded(255)))).toEqual([ADDRESS])
  expect(read(ptr(), txt(claim()), txt(padded(256)))).toBeUndefined()
})

test('an answer about two peers is about nobody', { tags: ['LAN-8', 'THR-10'] }, () => {
  expect(read(ptr(), txt(claim()), txt(claim(ed25519, '/ip4/10.0.0.2/tcp/1')))).toHaveLength(2)
  expect(read(ptr(), txt(claim()), txt(claim(other)))).toBeUndefined()
  expect(read(ptr(), txt(claim(secp256k1)))).toBeUndefined()
})

test.for([
  'dnsaddr=',
  'dnsaddr=nonsense',
  'dnsaddr=/ip4/10.0.0.1/tcp/4001',
  'dnsaddr=/ip4/10.0.0.1/tcp/4001/p2p/nobody',
  'dnsaddr=/ip4/999.0.0.1/tcp/4001/p2p/12D3KooWGbYKpRTgSBzLcuzHQkLNMTBTnxzaDSMs9NwMYcEY5eWk',
  'other=1',
  '',
])('the record %j spoils its answer', { tags: ['LAN-8'] }, (text) => {
  expect(read(ptr(), txt(claim()), txt(text))).toBeUndefined()
})

test('bytes that are not text spoil their answer', { tags: ['LAN-8'] }, () => {
  const record: Answers[number] = { type: 'TXT', name: INSTANCE, data: [Buffer.of(0xff, 0xfe)] }
  const two: Answers[number] = { type: 'TXT', name: INSTANCE, data: [Buffer.from(claim()), 'x'] }
  expect(read(ptr(), txt(claim()), record)).toBeUndefined()
  expect(read(ptr(), two)).toBeUndefined()
})

test.for([
  '/dns4/host/tcp/1',
  '/ip4/10.0.0.1/udp/1/quic-v1',
  '/ip4/10.0.0.1/tcp/1/ws',
  '/ip6zone/eth0/ip6/fe80::1/tcp/1',
  '/unix/%2Ftmp%2Fsocket',
])('an address such as %s is left out', { tags: ['LAN-9'] }, (address) => {
  expect(read(ptr(), txt(claim()), txt(claim(ed25519, address)))).toEqual([ADDRESS])
})

test('a relayed address is left out', { tags: ['LAN-9'] }, () => {
  const relayed = `dnsaddr=/ip4/10.0.0.9/tcp/1/p2p/${other.toString()}/p2p-circuit/p2p/${ed25519.toString()}`
  expect(read(ptr(), txt(claim()), txt(relayed))).toEqual([ADDRESS])
})

test('answers for another mesh, or of two instances, are not read', { tags: ['LAN-5'] }, () => {
  expect(read(ptr('_w99999999999999._udp.local'), txt(claim()))).toBeUndefined()
  expect(read(txt(claim()))).toBeUndefined()
  expect(read(ptr(), ptr(TAG, `other.${TAG}`), txt(claim()))).toBeUndefined()
  expect(read(ptr(), txt(claim(), `other.${TAG}`))).toBeUndefined()
  expect(read(ptr(TAG.toUpperCase()), txt(claim(), INSTANCE.toUpperCase()))).toEqual([ADDRESS])
})

test('a question is for us when it asks for our name', { tags: ['LAN-5'] }, () => {
  expect(isQueryFor(TAG, query(TAG, 'PTR'))).toBe(true)
  expect(isQueryFor(TAG, query(TAG, 'A'))).toBe(false)
  expect(isQueryFor(TAG, query('_services._dns-sd._udp.local', 'PTR'))).toBe(false)
})

test('the service name follows from the mesh and does not show it', { tags: ['LAN-5'] }, () => {
  const meshId = 'zQmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG'
  const tag = lanServiceTag(nodeSuite, meshId)
  expect(tag).toMatch(/^_w[0-9a-f]{14}\._udp\.local$/)
  expect(lanServiceTag(nodeSuite, meshId)).toBe(tag)
  expect(lanServiceTag(nodeSuite, `${meshId}x`)).not.toBe(tag)
  expect(lanServiceTag(nodeSuite, '')).not.toBe(tag)
})

test('the instance name is random and says nothing', { tags: ['LAN-6'] }, () => {
  const label = instanceLabel(nodeSuite.randomBytes(20))
  expect(label).toMatch(/^[0-9a-f]{40}$/)
  expect(instanceLabel(nodeSuite.randomBytes(20))).not.toBe(label)
  const said = answer({ serviceTag: TAG, instance: label }, { peerId: ed25519, addresses: [] })
  expect(JSON.stringify(said)).not.toContain(ed25519.toString())
})
