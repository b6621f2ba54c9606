import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import { peerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { canonicalJson, isJsonObject, type JsonObject } from '@warren/core'
import { nobleSuite, nodeSuite as suite } from '@warren/crypto'
import {
  appendControlledRotation,
  appendDeactivation,
  appendRotation,
  createControlledIdentity,
  createIdentity,
  ed25519KeyOfPeerId,
  encodeMultikey,
  formatTimestamp,
  type Identity,
  peerIdOf,
  updateKeyHash,
  type VerifiedLog,
  verifyLog,
} from '@warren/identity'
import { base58btc } from 'multiformats/bases/base58'
import { describe, expect, test, vi } from 'vitest'
import {
  createDid,
  deriveNextKeyHash,
  resolveDidFromLog,
  TheirKey,
  type TheirLog,
  type TheirOptions,
  type TheirResult,
  updateDid,
} from './identity-didwebvh.ts'

const MINUTE_MS = 60_000
/** The other implementation compares with the clock of the machine. */
const NOW_MS = Date.now() - 10 * MINUTE_MS

const verifier = new TheirKey(1)

async function resolveThere(text: string): Promise<TheirResult> {
  const log = text
    .trimEnd()
    .split('\n')
    .map((line) => jsonOf(JSON.parse(line)))
  return resolveDidFromLog(log, { verifier, witnessProofs: [] })
}

function textOf(log: TheirLog): string {
  return log.map((entry) => `${canonicalJson(jsonOf(entry))}\n`).join('')
}

function jsonOf(value: unknown): JsonObject {
  const copy: unknown = JSON.parse(JSON.stringify(value))
  return isJsonObject(copy) ? copy : {}
}

function rotatedNode(): Identity {
  const first = createIdentity({ suite, nowMs: NOW_MS })
  const second = appendRotation({
    suite,
    identity: first,
    nowMs: NOW_MS + MINUTE_MS,
    replace: ['node', 'assertion', 'mlDsa'],
    keepNodeKeys: true,
  })
  return appendRotation({ suite, identity: second, nowMs: NOW_MS + MINUTE_MS, replace: [] })
}

/** What the other implementation shows of a document has two services more. */
function withoutServices(shown: JsonObject | null): JsonObject {
  const { service: _service, ...document } = shown ?? {}
  return document
}

describe('didwebvh-ts resolves', () => {
  test('the log of a node, entry by entry', { tags: ['ID-3'] }, async () => {
    const { log, did } = rotatedNode()
    const lines = log.text.trimEnd().split('\n')
    for (const [index, entry] of log.entries.entries()) {
      const resolved = await resolveThere(lines.slice(0, index + 1).join('\n'))
      expect(resolved.did).toBe(did)
      expect(withoutServices(resolved.doc)).toEqual(entry.state)
      expect(resolved.meta).toMatchObject({
        versionId: entry.versionId,
        scid: log.scid,
        prerotation: true,
        portable: false,
        deactivated: false,
      })
    }
  })

  test('the log of a tool', { tags: ['ID-3'] }, async () => {
    const { did: controller } = createIdentity({ suite, nowMs: NOW_MS })
    const tool = createControlledIdentity({ suite, nowMs: NOW_MS, controller })
    const { did, log } = appendControlledRotation({ suite, identity: tool, nowMs: NOW_MS })
    const resolved = await resolveThere(log.text)
    expect(resolved.did).toBe(did)
    expect(withoutServices(resolved.doc)).toEqual(log.document)
  })

  test('a log that gives its DID up', { tags: ['ID-3'] }, async () => {
    const log = appendDeactivation({ suite, identity: rotatedNode(), nowMs: NOW_MS + MINUTE_MS })
    const resolved = await resolveThere(log.text)
    expect(resolved.meta).toMatchObject({ versionId: log.head, deactivated: true })
  })

  test('no log of ours that was tampered with', { tags: ['ID-3'] }, async () => {
    const { text } = rotatedNode().log
    const tampered = text.replaceAll('#p1', '#p9')
    await expect(resolveThere(tampered)).rejects.toThrow('not derived from')
    expect(() => verifyLog({ suite, text: tampered, nowMs: NOW_MS })).toThrow(
      expect.objectContaining({ code: 'scid-mismatch' }),
    )
  })
})

/** A document of ours for which the other implementation is to make the log. */
function template(): JsonObject {
  const { log } = createIdentity({ suite, nowMs: NOW_MS })
  return jsonOf(JSON.parse(JSON.stringify(log.document).replaceAll(log.scid, '{SCID}')))
}

async function created(change: Partial<TheirOptions> = {}): Promise<TheirLog> {
  const { log } = await createDid({
    domain: 'warren.internal',
    signer: new TheirKey(1),
    verifier,
    updateKeys: [new TheirKey(1).multikey],
    nextKeyHashes: [await deriveNextKeyHash(new TheirKey(2).multikey)],
    didDocument: template(),
    portable: false,
    created: formatTimestamp(NOW_MS),
    ...change,
  })
  return log
}

/** Appends an entry that is signed by the key of that number and commits to another. */
async function updated(log: TheirLog, byte: number, next = byte + 1): Promise<TheirLog> {
  const { log: longer } = await updateDid({
    log,
    signer: new TheirKey(byte),
    verifier,
    updateKeys: [new TheirKey(byte).multikey],
    nextKeyHashes: [await deriveNextKeyHash(new TheirKey(next).multikey)],
  })
  return longer
}

describe('a log of didwebvh-ts', () => {
  test.for([suite, nobleSuite])('verifies with the $name suite', { tags: ['ID-3'] }, async (by) => {
    const first = await created()
    const third = await updated(await updated(first, 2), 3)
    const nowMs = Date.now()
    const known = verifyLog({ suite: by, text: textOf(first), nowMs })
    const whole = verifyLog({ suite: by, text: textOf(third), nowMs })
    const onTop: VerifiedLog = verifyLog({ suite: by, text: textOf(third), nowMs, known })
    expect(known.version).toBe(1)
    expect(whole).toMatchObject({ version: 3, head: third.at(-1)?.['versionId'], pending: [] })
    expect(onTop).toEqual(whole)
  })

  test('is a fork where the other log is known', { tags: ['ID-7'] }, async () => {
    const first = await created()
    const nowMs = Date.now()
    const known = verifyLog({ suite, text: textOf(await updated(first, 2)), nowMs })
    const other = textOf(await updated(first, 2, 9))
    expect(() => verifyLog({ suite, text: other, nowMs, known })).toThrow(
      expect.objectContaining({ code: 'log-fork' }),
    )
  })

  test('commits to keys as ours do', { tags: ['ID-3'] }, async () => {
    const key = new TheirKey(7)
    expect(await deriveNextKeyHash(key.multikey)).toBe(updateKeyHash(suite, key.seed))
  })

  test.for([
    { name: 'that may move', change: { portable: true }, code: 'log-off-profile' },
    {
      name: 'for another host',
      change: { domain: 'warren.example', host: 'warren.example' },
      code: 'document-malformed',
    },
    {
      name: 'with a path',
      change: { paths: ['node'], host: 'warren.internal:node' },
      code: 'document-malformed',
    },
  ])('$name is refused', { tags: ['ID-9'] }, async ({ change, code }) => {
    const { host = 'warren.internal', ...options } = change
    const text = JSON.stringify(template()).replaceAll('warren.internal', host)
    const log = await created({ ...options, didDocument: jsonOf(JSON.parse(text)) })
    expect(() => verifyLog({ suite, text: textOf(log), nowMs: Date.now() })).toThrow(
      expect.objectContaining({ code }),
    )
  })

  test('that names witnesses is refused without asking anybody', { tags: ['ID-9'] }, async () => {
    const fetched = vi.spyOn(globalThis, 'fetch')
    const witnesses = [{ id: `did:key:${new TheirKey(3).multikey}` }]
    const log = await created({ witness: { threshold: 1, witnesses } })
    expect(() => verifyLog({ suite, text: textOf(log), nowMs: Date.now() })).toThrow(
      expect.objectContaining({ code: 'log-off-profile' }),
    )
    expect(fetched).not.toHaveBeenCalled()
    fetched.mockRestore()
  })
})

test('a PeerId is what libp2p makes of the key', { tags: ['ID-2'] }, () => {
  for (const byte of [1, 2, 3, 250]) {
    const { publicKey } = suite.ed25519.signer(new Uint8Array(32).fill(byte))
    const theirs = peerIdFromPublicKey(publicKeyFromRaw(publicKey)).toString()
    expect(peerIdOf(publicKey)).toBe(theirs)
    expect(peerIdFromString(peerIdOf(publicKey)).publicKey?.raw).toEqual(publicKey)
    expect(ed25519KeyOfPeerId(theirs)).toEqual(publicKey)
    expect(encodeMultikey({ type: 'ed25519', bytes: publicKey })).toBe(
      base58btc.encode(Uint8Array.from([0xed, 0x01, ...publicKey])),
    )
  }
})
