import { canonicalJson, type JsonObject } from '@warren/core'
import {
  addProofs,
  appendDeactivation,
  appendRotation,
  createControlledIdentity,
  encodeMultikey,
  LogForkError,
  updateKeyHash,
  type VerifiedLog,
  verifyLog,
} from '@warren/identity'
import { base58btc } from 'multiformats/bases/base58'
import { describe, expect, test } from 'vitest'
import {
  forgeGenesis,
  forgeNext,
  HOUR_MS,
  multikeyOf,
  node,
  NOW_MS,
  refusal,
  SECOND_MS,
  seed,
  suite,
  SUITES,
  template,
  verify,
} from './builders.ts'

/** A node after two rotations, its next update key unknown to everybody. */
function rotated(): VerifiedLog {
  const second = appendRotation({ suite, identity: node(), nowMs: NOW_MS, replace: ['node'] })
  return appendRotation({ suite, identity: second, nowMs: NOW_MS, replace: ['mlDsa'] }).log
}

/** Changes one entry of a log and leaves the others as they are. */
function tamper(text: string, index: number, change: (entry: JsonObject) => JsonObject): string {
  return text
    .trimEnd()
    .split('\n')
    .map((line, at) => (at === index ? canonicalJson(change(JSON.parse(line))) : line))
    .map((line) => `${line}\n`)
    .join('')
}

function caught(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

describe('limits', () => {
  test('a log of 1 MiB is read, one character more is not', { tags: ['ID-4'] }, () => {
    const { text } = node().log
    const filled = (length: number): string => text + 'x'.repeat(length - text.length - 1) + '\n'
    expect(() => verify(filled(1024 * 1024))).toThrow(refusal('entry-malformed'))
    expect(() => verify(filled(1024 * 1024 + 1))).toThrow(refusal('log-too-long'))
  })

  test('512 entries are read, one more is not', { tags: ['ID-4'] }, () => {
    expect(() => verify('{}\n'.repeat(512))).toThrow(refusal('entry-malformed'))
    expect(() => verify('{}\n'.repeat(513))).toThrow(refusal('log-too-long'))
    expect(() => verify('\n'.repeat(513))).toThrow(refusal('log-too-long'))
  })

  test('an entry of 16 KiB is read, one character more is not', { tags: ['ID-4'] }, () => {
    const document = lean()
    const filled = (filling: number): string =>
      forgeGenesis({
        update: seed(70),
        next: seed(71),
        document: { ...document, filling: 'f'.repeat(filling) },
      })
    // A signature has 86 to 88 characters in base58, so the right filling is searched for.
    const ofLength = (length: number): string => {
      const guess = length - filled(0).length
      const texts = [-2, -1, 0, 1, 2, 3].map((more) => filled(guess + more))
      return texts.find((text) => text.length === length + 1) ?? 'none found\n'
    }
    expect(verify(ofLength(16 * 1024)).version).toBe(1)
    const error = caught(() => verify(ofLength(16 * 1024 + 1)))
    expect(error).toEqual(refusal('entry-malformed'))
    expect(error).toMatchObject({ cause: { code: 'json-too-long' } })
  })

  test('512 entries are verified in their whole length', { tags: ['ID-4'] }, () => {
    let text = forgeGenesis({
      update: seed(1),
      next: number(2),
      document: lean(),
      atMs: NOW_MS - HOUR_MS,
    })
    for (let count = 2; count <= 512; count += 1) {
      text = forgeNext(text, { update: number(count), next: number(count + 1) })
    }
    const known = verify(text)
    expect(known.version).toBe(512)
    const tooLong = forgeNext(text, { update: number(513), next: number(514) })
    expect(() => verify(tooLong, known)).toThrow(refusal('log-too-long'))
  })

  test.for([
    { name: 'nothing', text: '' },
    { name: 'a line without its end', text: node().log.text.trimEnd() },
  ])('$name is no log', { tags: ['ID-4'] }, ({ text }) => {
    expect(() => verify(text)).toThrow(refusal('log-malformed'))
  })

  test.for([
    { name: 'empty lines', text: '\n' },
    { name: 'another order of members', text: `{"z":1,"a":2}\n` },
    { name: 'white space', text: node().log.text.replace('{', '{ ') },
    { name: 'a member twice', text: node().log.text.replace('{', '{"proof":[],') },
    { name: 'a carriage return', text: node().log.text.replace('\n', '\r\n') },
    { name: 'a prototype', text: '{"__proto__":{}}\n' },
    { name: 'great depth', text: `${'['.repeat(10_000)}\n` },
    { name: 'an array', text: '[]\n' },
    { name: 'a placeholder for the SCID', text: '{"a":"{SCID}"}\n' },
  ])('a log with $name is refused', { tags: ['ID-4'] }, ({ text }) => {
    expect(() => verify(text)).toThrow(refusal('entry-malformed'))
  })

  test('an entry with a member that is not known is refused', { tags: ['ID-4'] }, () => {
    const text = tamper(node().log.text, 0, (entry) => ({ ...entry, note: 'x' }))
    expect(() => verify(text)).toThrow(refusal('entry-malformed'))
  })
})

describe('chain', () => {
  test.for([0, 1, 2])('tampering with entry %i breaks the chain', { tags: ['ID-5'] }, (index) => {
    const log = rotated()
    const text = tamper(log.text, index, withNote)
    const code = index === 0 ? 'scid-mismatch' : 'hash-chain-broken'
    expect(() => verify(text)).toThrow(refusal(code))
    // What is known is no reason to look away.
    expect(() => verify(text, log)).toThrow(refusal(code))
  })

  test('an entry whose content was changed after its hash is refused', { tags: ['ID-5'] }, () => {
    const { text } = node().log
    const forged = forgeNext(text, { update: seed(4), next: seed(60), twist: withNote })
    expect(() => verify(forged)).toThrow(refusal('hash-chain-broken'))
  })

  test('a first entry with the hash of another versionId is refused', { tags: ['ID-5'] }, () => {
    const other = node(11).log.head
    const text = tamper(node().log.text, 0, (entry) => ({ ...entry, versionId: other }))
    expect(() => verify(text)).toThrow(refusal('hash-chain-broken'))
  })

  test.for(['2-', '0-', '01-', '-1-', '1.0-', '1000-'])(
    'a first entry with the number "%s" is refused',
    { tags: ['ID-5'] },
    (prefix) => {
      const text = tamper(node().log.text, 0, (entry) => ({
        ...entry,
        versionId: prefix + textOf(entry, 'versionId').slice(2),
      }))
      expect(() => verify(text)).toThrow(refusal('entry-out-of-order'))
    },
  )

  test('one SCID has one first entry', { tags: ['ID-5'] }, () => {
    const document = { ...lean(), note: '{SCID}' }
    const init = { update: seed(70), next: seed(71), document }
    const forged = forgeGenesis({
      ...init,
      // The placeholder that is left in place gives the same SCID and another hash.
      before: (entry) => ({
        ...entry,
        state: { ...(entry['state'] as JsonObject), note: '{SCID}' },
      }),
    })
    expect(verify(forgeGenesis(init)).version).toBe(1)
    expect(() => verify(forged)).toThrow(refusal('entry-malformed'))
  })

  test('a log without its middle entry is refused', { tags: ['ID-5'] }, () => {
    const [first, , third] = rotated().text.split('\n')
    expect(() => verify(`${first}\n${third}\n`)).toThrow(refusal('entry-out-of-order'))
  })

  test('an entry of another DID is refused', { tags: ['ID-5'] }, () => {
    const { text } = node().log
    const state = node(11).log.document
    const forged = forgeNext(text, { update: seed(4), next: seed(60), state })
    expect(() => verify(forged)).toThrow(refusal('log-foreign'))
  })

  test('a log may not take the DID of another', { tags: ['ID-5'] }, () => {
    const document = node(11).log.document
    const forged = forgeGenesis({ update: seed(70), next: seed(71), document })
    expect(() => verify(forged)).toThrow(refusal('log-foreign'))
  })

  test.for([-1, 0])(
    'an entry %i s after the one before is refused',
    { tags: ['ID-10'] },
    (seconds) => {
      const { text } = node().log
      const atMs = NOW_MS + seconds * SECOND_MS
      const forged = forgeNext(text, { update: seed(4), next: seed(60), atMs })
      expect(() => verify(forged)).toThrow(refusal('entry-out-of-order'))
    },
  )
})

describe.for(SUITES)('keys, with the $name suite', (by) => {
  const judge = (text: string): VerifiedLog =>
    verifyLog({ suite: by, text, nowMs: NOW_MS + HOUR_MS })

  test('the key to which the entry before committed may sign', { tags: ['ID-6'] }, () => {
    const forged = forgeNext(node().log.text, { update: seed(4), next: seed(60) })
    expect(judge(forged).version).toBe(2)
  })

  test.for([
    { name: 'the key that signed the entry before', update: 5, code: 'key-not-precommitted' },
    { name: 'the node key', update: 1, code: 'key-not-precommitted' },
    { name: 'a key of a stranger', update: 60, code: 'key-not-precommitted' },
  ])('$name cannot rotate', { tags: ['ID-6'] }, ({ update, code }) => {
    const forged = forgeNext(node().log.text, { update: seed(update), next: seed(61) })
    expect(() => judge(forged)).toThrow(refusal(code))
  })

  test('a key that was committed to does not serve twice', { tags: ['ID-6'] }, () => {
    const first = forgeNext(node().log.text, { update: seed(4), next: seed(4) })
    const second = forgeNext(first, { update: seed(4), next: seed(60) })
    expect(judge(first).version).toBe(2)
    expect(() => judge(second)).toThrow(refusal('key-reused'))
  })

  test('an update key has no use in the document', { tags: ['ID-6'] }, () => {
    const document = template(node().log)
    const forged = forgeGenesis({ update: seed(1), next: seed(61), document })
    expect(() => judge(forged)).toThrow(refusal('key-reused'))
  })

  test(
    'an entry that names the right key and is signed by another is refused',
    { tags: ['ID-6'] },
    () => {
      const parameters = { updateKeys: [multikeyOf(seed(4))] }
      const forged = forgeNext(node().log.text, { update: seed(60), next: seed(61), parameters })
      expect(() => judge(forged)).toThrow(refusal('proof-missing'))
    },
  )

  test('an entry with the signature of another is refused', { tags: ['ID-6'] }, () => {
    const one = forgeNext(node().log.text, { update: seed(4), next: seed(60) })
    const two = forgeNext(node().log.text, { update: seed(4), next: seed(61) })
    const proof = (JSON.parse(two.split('\n')[1] ?? '') as JsonObject)['proof'] ?? null
    const mixed = tamper(one, 1, (entry) => ({ ...entry, proof }))
    expect(() => judge(mixed)).toThrow(refusal('proof-invalid'))
  })

  test('an update key of small order signs nothing', { tags: ['ID-16'] }, () => {
    // Under the neutral element, R = 1 and S = 0 fit every message where verification is lax.
    const key = encodeMultikey({
      type: 'ed25519',
      bytes: Uint8Array.from([1, ...seed(0).slice(1)]),
    })
    const forged = forgeGenesis({
      update: seed(70),
      next: seed(71),
      document: template(node().log),
      parameters: { updateKeys: [key] },
    })
    const universal = Uint8Array.from([1, ...seed(0).slice(1), ...seed(0)])
    const text = tamper(forged, 0, (entry) => {
      const [proof] = entry['proof'] as JsonObject[]
      const verificationMethod = `did:key:${key}#${key}`
      const proofValue = `z${base58btc.baseEncode(universal)}`
      return { ...entry, proof: [{ ...proof, verificationMethod, proofValue }] }
    })
    expect(() => judge(text)).toThrow(refusal('proof-invalid'))
  })
})

describe('first seen', () => {
  test('a shorter log is a rollback', { tags: ['ID-7', 'THR-9'] }, () => {
    const known = rotated()
    const lines = known.text.split('\n')
    for (const length of [1, 2]) {
      const text = `${lines.slice(0, length).join('\n')}\n`
      expect(() => verify(text, known)).toThrow(refusal('log-rollback'))
    }
  })

  test(
    'two heads with one predecessor are a fork, with both as evidence',
    { tags: ['ID-7', 'THR-9'] },
    () => {
      const { text } = node().log
      const one = forgeNext(text, { update: seed(4), next: seed(60) })
      const two = forgeNext(text, { update: seed(4), next: seed(61) })
      const known = verify(one)
      const error = caught(() => verify(two, known))
      expect(error).toBeInstanceOf(LogForkError)
      expect(error).toMatchObject({
        code: 'log-fork',
        knownEntry: one.split('\n')[1],
        presentedEntry: two.split('\n')[1],
      })
    },
  )

  test('a longer log does not outweigh the one that was seen first', { tags: ['ID-7'] }, () => {
    const { text } = node().log
    const known = verify(forgeNext(text, { update: seed(4), next: seed(60) }))
    const two = forgeNext(text, { update: seed(4), next: seed(61) })
    const longer = forgeNext(two, { update: seed(61), next: seed(62) })
    expect(() => verify(longer, known)).toThrow(refusal('log-fork'))
  })

  test('a contradiction of the future is a contradiction', { tags: ['ID-7'] }, () => {
    const { text } = node().log
    const known = verify(forgeNext(text, { update: seed(4), next: seed(60) }))
    const atMs = NOW_MS + 100 * HOUR_MS
    const two = forgeNext(text, { update: seed(4), next: seed(61), atMs })
    expect(() => verify(two, known)).toThrow(refusal('log-fork'))
  })

  test('a contradiction that nobody of the DID signed is no evidence', { tags: ['ID-7'] }, () => {
    const { text } = node().log
    const known = verify(forgeNext(text, { update: seed(4), next: seed(60) }))
    const forged = forgeNext(text, { update: seed(66), next: seed(61) })
    expect(() => verify(forged, known)).toThrow(refusal('key-not-precommitted'))
  })

  test('an entry that was signed twice is one entry', { tags: ['ID-7'] }, () => {
    const log = rotated()
    const { text } = node().log
    const one = forgeNext(text, { update: seed(4), next: seed(60) })
    const known = verify(one)
    const again = resign(one, seed(4))
    const longer = forgeNext(again, { update: seed(60), next: seed(61) })
    expect(again).not.toBe(one)
    expect(verify(again, known)).toEqual(known)
    expect(verify(longer, known).text).toBe(one + (longer.split('\n')[2] ?? '') + '\n')
    expect(log.version).toBe(3)
  })

  test('the log of another DID is refused where one is known', { tags: ['ID-7'] }, () => {
    expect(() => verify(node(11).log.text, node().log)).toThrow(refusal('log-foreign'))
  })
})

describe('end', () => {
  test('no entry follows the one that gives the DID up', { tags: ['ID-8'] }, () => {
    const ended = forgeNext(node().log.text, {
      update: seed(4),
      parameters: { deactivated: true },
    })
    const known = verify(ended)
    const revived = forgeNext(ended, { update: seed(60), next: seed(61) })
    expect(() => verify(revived)).toThrow(refusal('log-deactivated'))
    expect(() => verify(revived, known)).toThrow(refusal('log-deactivated'))
  })

  test('a DID that is given up does not come back by a shorter log', { tags: ['ID-8'] }, () => {
    const identity = node()
    const known = appendDeactivation({ suite, identity, nowMs: NOW_MS })
    expect(() => verify(identity.log.text, known)).toThrow(refusal('log-rollback'))
  })
})

describe('profile', () => {
  test.for([
    { name: 'another method', parameters: { method: 'did:webvh:0.5' } },
    { name: 'no method', parameters: { method: undefined } },
    { name: 'a DID that may move', parameters: { portable: true } },
    { name: 'a portability that is no truth value', parameters: { portable: 0 } },
    { name: 'no pre-rotation', parameters: { nextKeyHashes: [] } },
    {
      name: 'a witness',
      parameters: { witness: { threshold: 1, witnesses: [{ id: 'did:key:z6Mk' }] } },
    },
    { name: 'a watcher', parameters: { watchers: ['https://watcher.example'] } },
    { name: 'a parameter that is not known', parameters: { ttl: 60 } },
    { name: 'an end before its beginning', parameters: { deactivated: true, nextKeyHashes: [] } },
  ])('a log with $name is refused', { tags: ['ID-9'] }, ({ parameters }) => {
    const document = template(node().log)
    const forged = forgeGenesis({ update: seed(70), next: seed(71), document, parameters })
    expect(() => verify(forged)).toThrow(refusal('log-off-profile'))
  })

  test.for([
    { name: 'a portable of false', parameters: { portable: false } },
    { name: 'its method again', parameters: { method: 'did:webvh:1.0' } },
    {
      name: 'no witnesses in words',
      parameters: { witness: {}, watchers: [], deactivated: false },
    },
  ])('a later entry may say $name', { tags: ['ID-9'] }, ({ parameters }) => {
    const forged = forgeNext(node().log.text, { update: seed(4), next: seed(60), parameters })
    expect(verify(forged).version).toBe(2)
  })

  test.for([
    { name: 'becomes portable', parameters: { portable: true } },
    { name: 'changes its method', parameters: { method: 'did:webvh:2.0' } },
    { name: 'stops committing', parameters: { nextKeyHashes: [] } },
    { name: 'commits to keys and ends', parameters: { deactivated: true } },
  ])('a log that $name is refused', { tags: ['ID-9'] }, ({ parameters }) => {
    const forged = forgeNext(node().log.text, { update: seed(4), next: seed(60), parameters })
    expect(() => verify(forged)).toThrow(refusal('log-off-profile'))
  })

  test.for([
    {
      name: 'two update keys',
      parameters: { updateKeys: [multikeyOf(seed(4)), multikeyOf(seed(5))] },
    },
    { name: 'no update key', parameters: { updateKeys: [] } },
    { name: 'a hash of a wrong form', parameters: { nextKeyHashes: ['Qm'] } },
    { name: 'one hash twice', parameters: { nextKeyHashes: [hash(60), hash(60)] } },
    { name: 'five hashes', parameters: { nextKeyHashes: [60, 61, 62, 63, 64].map(hash) } },
    { name: 'a SCID again', parameters: { scid: node().log.scid } },
    { name: 'an end that is no truth value', parameters: { deactivated: 'no' } },
  ])('an entry with $name is refused', { tags: ['ID-9'] }, ({ parameters }) => {
    const forged = forgeNext(node().log.text, { update: seed(4), next: seed(60), parameters })
    expect(() => verify(forged)).toThrow(refusal('entry-malformed'))
  })

  test('a host of another name is refused', { tags: ['ID-9'] }, () => {
    const text = canonicalJson(template(node().log)).replaceAll('warren.internal', 'warren.example')
    const document = JSON.parse(text) as JsonObject
    const forged = forgeGenesis({ update: seed(70), next: seed(71), document })
    expect(() => verify(forged)).toThrow(refusal('document-malformed'))
  })

  test(
    'an ML-DSA update key is refused: did:webvh 1.0 has no proof for it',
    { tags: ['ID-9'] },
    () => {
      const bytes = suite.mlDsa44.signer(seed(3)).publicKey
      const parameters = { updateKeys: [encodeMultikey({ type: 'mldsa44', bytes })] }
      const document = template(node().log)
      const forged = forgeGenesis({ update: seed(70), next: seed(71), document, parameters })
      expect(() => verify(forged)).toThrow(refusal('log-off-profile'))
    },
  )
})

test(
  'a key that nobody here can check refuses the document that uses it',
  { tags: ['ID-12'] },
  () => {
    const x25519 = 'z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc'
    const document = template(node().log)
    const methods = document['verificationMethod'] as JsonObject[]
    const [first = {}] = methods
    const id = textOf(first, 'id').replace('#p1', '#x1')
    const method = { ...first, id, publicKeyMultibase: x25519 }
    const listed = { ...document, verificationMethod: [...methods, method] }

    expect(verify(genesisOf({ ...listed, keyAgreement: [id] })).version).toBe(1)
    for (const use of ['authentication', 'assertionMethod']) {
      const keys = [...(document[use] as string[]), id]
      expect(() => verify(genesisOf({ ...listed, [use]: keys }))).toThrow(
        refusal('multikey-unsupported'),
      )
    }
  },
)

test.for([
  { name: 'no assertion key', change: { assertionMethod: [] } },
  { name: 'no keys', change: { verificationMethod: [] } },
  { name: 'a use of a key that is not there', change: { authentication: ['did:key:z6Mk#z6Mk'] } },
  { name: 'a use that is no list', change: { authentication: 'all' } },
  { name: 'a controller of another method', change: { controller: 'did:web:example.org' } },
  { name: 'aliases that are no list', change: { alsoKnownAs: 'me' } },
  { name: 'no id', change: { id: 7 } },
])('a document with $name is refused', { tags: ['ID-12'] }, ({ change }) => {
  const document = { ...template(node().log), ...change }
  const forged = forgeGenesis({ update: seed(70), next: seed(71), document })
  expect(() => verify(forged)).toThrow(refusal('document-malformed'))
})

test.for([
  { name: 'of another type', change: { type: 'JsonWebKey' } },
  { name: 'of another controller', change: { controller: 'did:key:z6Mk' } },
  { name: 'with the id of another DID', change: { id: `${node(11).did}#p1` } },
  { name: 'without a fragment', change: { id: 'did:webvh:{SCID}:warren.internal' } },
  { name: 'with the id of another key', change: { id: 'did:webvh:{SCID}:warren.internal#q1' } },
  { name: 'without its bytes', change: { publicKeyMultibase: null } },
])('a document with a key $name is refused', { tags: ['ID-12'] }, ({ change }) => {
  const document = template(node().log)
  const [first, ...others] = document['verificationMethod'] as JsonObject[]
  const verificationMethod = [{ ...first, ...change }, ...others]
  const forged = forgeGenesis({
    update: seed(70),
    next: seed(71),
    document: { ...document, verificationMethod },
  })
  expect(() => verify(forged)).toThrow(refusal('document-malformed'))
})

test.for([
  { name: 'the id of another key', id: 'did:webvh:{SCID}:warren.internal#q1' },
  { name: 'the id of another DID', id: `${node(11).did}#n1` },
])('a document with a key more, that has $name, is refused', { tags: ['ID-12'] }, ({ id }) => {
  const document = template(node().log)
  const methods = document['verificationMethod'] as JsonObject[]
  const more = (name: string): JsonObject => ({
    ...document,
    verificationMethod: [...methods, { ...methods[0], id: name }],
  })
  expect(verify(genesisOf(more('did:webvh:{SCID}:warren.internal#n1'))).version).toBe(1)
  expect(() => verify(genesisOf(more(id)))).toThrow(refusal('document-malformed'))
})

test('a key is listed once for a use, and 16 keys at most', { tags: ['ID-12'] }, () => {
  const document = template(node().log)
  const methods = document['verificationMethod'] as JsonObject[]
  const authentication = document['authentication'] as string[]
  const forge = (change: JsonObject): string =>
    forgeGenesis({ update: seed(70), next: seed(71), document: { ...document, ...change } })
  const filled = (count: number): JsonObject[] => [
    ...methods,
    ...Array.from({ length: count - methods.length }, (_, index) => ({
      ...methods[0],
      id: `did:webvh:{SCID}:warren.internal#n${index}`,
    })),
  ]
  expect(() => verify(forge({ authentication: [...authentication, ...authentication] }))).toThrow(
    refusal('document-malformed'),
  )
  expect(verify(forge({ verificationMethod: filled(16) })).version).toBe(1)
  expect(() => verify(forge({ verificationMethod: filled(17) }))).toThrow(
    refusal('document-malformed'),
  )
})

/** The template of a document with one small key. */
function lean(): JsonObject {
  const controller = node().did
  const seeds = { assertion: seed(80), nextUpdate: seed(81) }
  const { log } = createControlledIdentity({ suite, nowMs: NOW_MS, controller, seeds })
  return template(log)
}

/** A first entry for a document, as its owner would write it. */
function genesisOf(document: JsonObject): string {
  return forgeGenesis({ update: seed(70), next: seed(71), document })
}

function withNote(entry: JsonObject): JsonObject {
  return { ...entry, state: { ...(entry['state'] as JsonObject), note: 'tampered' } }
}

function textOf(object: JsonObject, name: string): string {
  const value = object[name]
  return typeof value === 'string' ? value : ''
}

function number(value: number): Uint8Array {
  const bytes = new Uint8Array(32)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

function hash(byte: number): string {
  return updateKeyHash(suite, seed(byte))
}

/** Signs the newest entry of a log again, a little later. */
function resign(text: string, update: Uint8Array): string {
  const lines = text.trimEnd().split('\n')
  const { proof: _proof, ...entry } = JSON.parse(lines.at(-1) ?? '') as JsonObject
  const signer = suite.ed25519.signer(update)
  const key = multikeyOf(update)
  const verificationMethod = `did:key:${key}#${key}`
  const signed = addProofs({
    suite,
    document: entry,
    createdMs: NOW_MS + HOUR_MS,
    signers: [
      { verificationMethod, signer, purpose: 'assertionMethod', cryptosuite: 'eddsa-jcs-2022' },
    ],
  })
  return [...lines.slice(0, -1), canonicalJson(signed), ''].join('\n')
}
