import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nodeSuite } from '@warren/crypto'
import { cosign, parseCheckpoint } from '@warren/tlog'
import { expect, test } from 'vitest'
import { parseSignatureLine } from '../src/note/signature-line.ts'
import { keyIdOf, SIGNATURE_TYPES } from '../src/note/signature-type.ts'
import { checkpointText, NOW_SECONDS, signer } from './logs.ts'
import { entries, MemoryTree } from './trees.ts'

const tree = new MemoryTree(entries(11))
const log = signer(1)
const cosigner = signer(2, 'warren.internal/ö')
const root = tree.root(11)

/** A signature line taken apart by hand, with the four bytes of its key id as hexadecimal digits. */
function takeApart(line: string): { name: string; keyId: string; rest: Buffer } {
  const [dash, name = '', digits = ''] = line.split(' ')
  expect(dash).toBe('\u2014')
  const bytes = Buffer.from(digits, 'base64')
  return { name, keyId: bytes.toString('hex', 0, 4), rest: bytes.subarray(4) }
}

function keyId(name: string, type: number, key: Uint8Array): string {
  const hash = createHash('sha256').update(`${name}\n`).update(Uint8Array.of(type)).update(key)
  return hash.digest('hex').slice(0, 8)
}

function publicKey(asymmetricKeyType: 'ed25519' | 'ml-dsa-44', key: Uint8Array): KeyObject {
  return createPublicKey({ key, format: 'raw-public', asymmetricKeyType })
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(BigInt(value))
  return bytes
}

function subtreeMessage(name: string, origin: string, head: readonly Buffer[]): Buffer {
  const named = (text: string): Buffer => {
    const bytes = Buffer.from(text, 'utf8')
    return Buffer.concat([Buffer.of(bytes.length), bytes])
  }
  const [time, ...rest] = head
  return Buffer.concat([Buffer.from('subtree/v1\n\0'), named(name), time!, named(origin), ...rest])
}

const TREE_PART = [uint64(0), uint64(11), Buffer.from(root)]

test('what a log signs is what C2SP says, by node:crypto alone', { tags: ['TLG-14'] }, () => {
  const [text = '', lines = ''] = checkpointText(log, { size: 11, root }).split('\n\n')
  const [first, second] = lines
    .trimEnd()
    .split('\n')
    .map((line) => takeApart(line))
  const { ed25519, mlDsa44 } = log.keys
  expect([first!.name, second!.name]).toEqual([log.name, log.name])
  expect(first!.keyId).toBe(keyId(log.name, 1, ed25519))
  expect(second!.keyId).toBe(keyId(log.name, 6, mlDsa44))
  expect(verify(null, Buffer.from(`${text}\n`), publicKey('ed25519', ed25519), first!.rest)).toBe(
    true,
  )
  const time = second!.rest.subarray(0, 8)
  expect(time).toEqual(uint64(NOW_SECONDS))
  const message = subtreeMessage(log.name, log.name, [time, ...TREE_PART])
  expect(verify(null, message, publicKey('ml-dsa-44', mlDsa44), second!.rest.subarray(8))).toBe(
    true,
  )
})

test('what a cosigner signs is what C2SP says, by node:crypto alone', { tags: ['TLG-14'] }, () => {
  const { name, signers, keys } = cosigner
  const origin = log.name
  const input = { suite: nodeSuite, name, signers, origin, size: 11, root }
  const lines = cosign({ ...input, timeSeconds: NOW_SECONDS })
    .trimEnd()
    .split('\n')
  const [first, second] = lines.map((line) => takeApart(line))
  expect([first!.name, second!.name]).toEqual([name, name])
  expect(first!.keyId).toBe(keyId(name, 4, keys.ed25519))
  expect(second!.keyId).toBe(keyId(name, 6, keys.mlDsa44))
  const head = `${origin}\n11\n${Buffer.from(root).toString('base64')}\n`
  const text = Buffer.from(`cosignature/v1\ntime ${NOW_SECONDS}\n${head}`)
  for (const part of [first!, second!]) {
    expect(part.rest.subarray(0, 8)).toEqual(uint64(NOW_SECONDS))
  }
  expect(verify(null, text, publicKey('ed25519', keys.ed25519), first!.rest.subarray(8))).toBe(true)
  const message = subtreeMessage(name, origin, [uint64(NOW_SECONDS), ...TREE_PART])
  const key = publicKey('ml-dsa-44', keys.mlDsa44)
  expect(verify(null, message, key, second!.rest.subarray(8))).toBe(true)
})

test('a note that the Go checksum database library signed fits', { tags: ['TLG-14'] }, () => {
  // The example of golang.org/x/mod/sumdb/note: `<name>+<key id>+<type and key>`, and a text that is no checkpoint.
  const key = Uint8Array.fromBase64('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
  const publicKeyBytes = key.subarray(1)
  const name = 'PeterNeumann'
  expect(key[0]).toBe(SIGNATURE_TYPES.ed25519.byte)
  expect(keyIdOf(nodeSuite, { name, type: 'ed25519', publicKey: publicKeyBytes })).toBe(0xc74f20a3)
  const line = parseSignatureLine(
    '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=',
  )
  expect(line).toMatchObject({ name, keyId: 0xc74f20a3 })
  const message = new TextEncoder().encode(
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n",
  )
  const { signature } = line
  expect(nodeSuite.ed25519.verify({ publicKey: publicKeyBytes, message, signature })).toBe(true)
})

test('a checkpoint that a Go log signed with ML-DSA-44 fits', { tags: ['TLG-14'] }, () => {
  // Seed, key id and note of a test of filippo.io/torchwood (litewitness); its time is zero, which Warren accepts from nobody.
  const file = join(import.meta.dirname, 'vectors/mldsa-log-checkpoint.txt')
  const checkpoint = parseCheckpoint(readFileSync(file, 'utf8'))
  const seed = Uint8Array.fromHex(
    '2886adc2b0eabfce67c0472939127998bf886cf256bfee8ba76a253fce1146e0',
  )
  const { publicKey: key } = nodeSuite.mlDsa44.signer(seed)
  const name = 'example.com/mldsa-log'
  expect(keyIdOf(nodeSuite, { name, type: 'ml-dsa-44', publicKey: key })).toBe(0xb5df45c5)
  const [line] = checkpoint.lines
  expect(line).toMatchObject({ name, keyId: 0xb5df45c5 })
  const message = SIGNATURE_TYPES['ml-dsa-44'].message({ ...checkpoint, name, timeSeconds: 0 })
  const signature = line!.signature.subarray(8)
  expect(nodeSuite.mlDsa44.verify({ publicKey: key, message, signature })).toBe(true)
})
