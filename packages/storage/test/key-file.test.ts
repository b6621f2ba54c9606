import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Argon2idInput, type CryptoSuite, nodeSuite } from '@warren/crypto'
import { KDF_DEFAULT, readKeyFile, rewrapKeyFile, writeKeyFile } from '@warren/storage'
import { expect, test } from 'vitest'
import { temporaryDirectory } from './temporary-directory.ts'

const suite = nodeSuite
/** The cheapest that is allowed. */
const kdf = { memoryKib: 7_168, passes: 5, lanes: 1 }
const passphrase = bytes('correct horse')

interface KeyFileJson {
  v: number
  kdf: { name: string; m: number | string; t: number; p: number; salt: string; x?: number }
  enc: string
  iv: string
  ct: string
  note?: string
}

function bytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text))
}

function seeds(): Record<string, Uint8Array> {
  return {
    node: suite.randomBytes(32),
    'ml-dsa': suite.randomBytes(32),
    kem: suite.randomBytes(64),
  }
}

async function keyFile(content = seeds()): Promise<string> {
  const path = join(await temporaryDirectory(), 'keys', 'node.json')
  await writeKeyFile({ suite, path, seeds: content, passphrase, kdf })
  return path
}

async function edited(path: string, edit: (json: KeyFileJson) => void): Promise<string> {
  const json = JSON.parse(await readFile(path, 'utf8')) as KeyFileJson
  edit(json)
  await writeFile(path, JSON.stringify(json), { mode: 0o600 })
  return path
}

function flipped(text: string): string {
  const raw = Buffer.from(text, 'base64url')
  raw[0]! ^= 1
  return raw.toString('base64url')
}

test('what was sealed is opened, and the file does not show it', { tags: ['STO-4'] }, async () => {
  const content = seeds()
  const path = await keyFile(content)

  expect(await readKeyFile({ suite, path, passphrase })).toEqual(content)
  const text = await readFile(path, 'utf8')
  for (const seed of Object.values(content)) {
    expect(text).not.toContain(Buffer.from(seed).toString('base64url').slice(0, 16))
  }
})

test.for([16, 17, 18, 31, 32, 63, 64])(
  'a seed of %i bytes survives',
  { tags: ['STO-4'] },
  async (length) => {
    const content = { a: suite.randomBytes(length), b: new Uint8Array(length).fill(255) }
    const path = await keyFile(content)
    expect(await readKeyFile({ suite, path, passphrase })).toEqual(content)
  },
)

test('the same seeds and passphrase never give the same file', { tags: ['STO-4'] }, async () => {
  const content = seeds()
  const [one, two] = await Promise.all(
    [await keyFile(content), await keyFile(content)].map(async (path) =>
      JSON.parse(await readFile(path, 'utf8')),
    ),
  )
  expect(one.kdf.salt).not.toBe(two.kdf.salt)
  expect(one.iv).not.toBe(two.iv)
  expect(one.ct).not.toBe(two.ct)
})

test('the default is 64 MiB, three passes, four lanes', { tags: ['STO-4'] }, async () => {
  const path = join(await temporaryDirectory(), 'node.json')
  await writeKeyFile({ suite, path, seeds: seeds(), passphrase })
  const { kdf: written, enc } = JSON.parse(await readFile(path, 'utf8'))

  expect(KDF_DEFAULT).toEqual({ memoryKib: 65_536, passes: 3, lanes: 4 })
  expect(written).toMatchObject({ name: 'argon2id', m: 65_536, t: 3, p: 4 })
  expect(enc).toBe('C20P')
})

test('keys and plaintexts are wiped after use', { tags: ['STO-4'] }, async () => {
  const secrets: Uint8Array[] = []
  const watching: CryptoSuite = {
    ...bound(suite),
    argon2id: async (input: Argon2idInput) => remember(await suite.argon2id(input)),
    chaCha20Poly1305: {
      seal: (input) => suite.chaCha20Poly1305.seal({ ...input, data: remember(input.data) }),
      open: (input) => remember(suite.chaCha20Poly1305.open(input)),
    },
  }
  function remember(secret: Uint8Array): Uint8Array {
    secrets.push(secret)
    return secret
  }
  const path = join(await temporaryDirectory(), 'node.json')
  await writeKeyFile({ suite: watching, path, seeds: seeds(), passphrase, kdf })
  await readKeyFile({ suite: watching, path, passphrase })

  expect(secrets).toHaveLength(4)
  expect(secrets.every((secret) => secret.every((byte) => byte === 0))).toBe(true)
})

/** The methods of a suite as plain properties, so that a test can put some of its own beside them. */
function bound(target: CryptoSuite): CryptoSuite {
  return {
    name: target.name,
    randomBytes: (length) => target.randomBytes(length),
    sha256: (...parts) => target.sha256(...parts),
    startSha256: () => target.startSha256(),
    hmacSha256: (key, ...parts) => target.hmacSha256(key, ...parts),
    hkdfSha256: (input) => target.hkdfSha256(input),
    argon2id: (input) => target.argon2id(input),
    x25519: target.x25519,
    mlKem768: target.mlKem768,
    ed25519: target.ed25519,
    mlDsa44: target.mlDsa44,
    chaCha20Poly1305: target.chaCha20Poly1305,
  }
}

test('a wrong passphrase and an altered byte are refused alike', { tags: ['STO-5'] }, async () => {
  const path = await keyFile()
  const original = await readFile(path, 'utf8')
  const wrong = await readKeyFile({ suite, path, passphrase: bytes('wrong') }).catch(
    (error) => error,
  )
  expect(wrong).toMatchObject({ name: 'StorageError', code: 'passphrase-wrong' })
  expect(wrong.cause).toBeUndefined()

  const edits: readonly ((json: KeyFileJson) => void)[] = [
    (json) => (json.ct = flipped(json.ct)),
    (json) => (json.iv = flipped(json.iv)),
    (json) => (json.kdf.salt = flipped(json.kdf.salt)),
    (json) => (json.kdf.t = 6),
    (json) => (json.kdf.m = 7_169),
    (json) => (json.kdf.p = 2),
  ]
  for (const edit of edits) {
    await writeFile(path, original)
    await edited(path, edit)
    const altered = await readKeyFile({ suite, path, passphrase }).catch((error) => error)
    expect({ code: altered.code, message: altered.message }).toEqual({
      code: 'passphrase-wrong',
      message: wrong.message,
    })
  }
})

test.for<[string, (json: KeyFileJson) => void]>([
  ['another version', (json) => (json.v = 2)],
  ['another cipher', (json) => (json.enc = 'A256GCM')],
  ['another derivation', (json) => (json.kdf.name = 'scrypt')],
  ['a member more', (json) => (json.note = 'x')],
  ['a member less', (json) => Reflect.deleteProperty(json, 'iv')],
  ['a parameter more', (json) => (json.kdf.x = 1)],
  ['padding', (json) => (json.iv += '=')],
  ['a short nonce', (json) => (json.iv = json.iv.slice(4))],
  ['a short salt', (json) => (json.kdf.salt = json.kdf.salt.slice(0, -2))],
  ['a parameter of another type', (json) => (json.kdf.m = '7168')],
])('a file with %s is malformed', { tags: ['STO-5'] }, async ([, edit]) => {
  const path = await edited(await keyFile(), edit)
  await expect(readKeyFile({ suite, path, passphrase })).rejects.toThrow(
    expect.objectContaining({ code: 'key-file-malformed' }),
  )
})

test.for(['', 'not json', '[]', '{}', '{"v":1', 'null', '\ufffd'])(
  '%j is malformed',
  { tags: ['STO-5'] },
  async (text) => {
    const path = join(await temporaryDirectory(), 'node.json')
    await writeFile(path, text, { mode: 0o600 })
    await expect(readKeyFile({ suite, path, passphrase })).rejects.toThrow(
      expect.objectContaining({ code: 'key-file-malformed' }),
    )
  },
)

test.for([
  { memoryKib: 7_167, passes: 6, lanes: 1 },
  { memoryKib: 7_168, passes: 4, lanes: 1 },
  { memoryKib: 1_048_577, passes: 1, lanes: 1 },
  { memoryKib: 65_536, passes: 17, lanes: 1 },
  { memoryKib: 1_048_576, passes: 5, lanes: 1 },
  { memoryKib: 65_536, passes: 3, lanes: 17 },
  { memoryKib: 65_536, passes: 3, lanes: 0 },
  { memoryKib: 65_536.5, passes: 3, lanes: 4 },
])('%o are refused, reading and writing', { tags: ['STO-6'] }, async (parameters) => {
  const neverDerives: CryptoSuite = {
    ...bound(suite),
    argon2id: () => Promise.reject(new Error('memory was spent')),
  }
  const refusal = expect.objectContaining({ code: 'kdf-out-of-bounds' })
  const path = await edited(await keyFile(), (json) => {
    Object.assign(json.kdf, { m: parameters.memoryKib, t: parameters.passes, p: parameters.lanes })
  })
  await expect(readKeyFile({ suite: neverDerives, path, passphrase })).rejects.toThrow(refusal)
  await expect(
    writeKeyFile({
      suite: neverDerives,
      path: `${path}2`,
      seeds: seeds(),
      passphrase,
      kdf: parameters,
    }),
  ).rejects.toThrow(refusal)
})

test(
  'another passphrase opens the same seeds, the old one no more',
  { tags: ['STO-7'] },
  async () => {
    const content = seeds()
    const path = await keyFile(content)
    const newPassphrase = bytes('battery staple')
    await rewrapKeyFile({ suite, path, passphrase, newPassphrase, kdf })

    expect(await readKeyFile({ suite, path, passphrase: newPassphrase })).toEqual(content)
    await expect(readKeyFile({ suite, path, passphrase })).rejects.toThrow(
      expect.objectContaining({ code: 'passphrase-wrong' }),
    )
  },
)

test('a change that is refused leaves the file as it was', { tags: ['STO-7'] }, async () => {
  const path = await keyFile()
  const before = await readFile(path)
  const refused = [
    rewrapKeyFile({ suite, path, passphrase: bytes('wrong'), newPassphrase: bytes('x'), kdf }),
    rewrapKeyFile({ suite, path, passphrase, newPassphrase: bytes(''), kdf }),
  ]
  const results = await Promise.allSettled(refused)
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await readFile(path)).toEqual(before)
})

test('a key file is replaced only when the caller asks', { tags: ['STO-3'] }, async () => {
  const path = await keyFile()
  const content = seeds()
  await expect(writeKeyFile({ suite, path, seeds: content, passphrase, kdf })).rejects.toThrow(
    expect.objectContaining({ code: 'file-exists' }),
  )
  await writeKeyFile({ suite, path, seeds: content, passphrase, kdf, replace: true })
  expect(await readKeyFile({ suite, path, passphrase })).toEqual(content)
})

test.for<[string, Record<string, Uint8Array>, string]>([
  ['no seed', {}, 'seeds-too-many'],
  [
    '17 seeds',
    Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`s${i}`, new Uint8Array(32)])),
    'seeds-too-many',
  ],
  ['a short seed', { a: new Uint8Array(15) }, 'seed-length'],
  ['a long seed', { a: new Uint8Array(65) }, 'seed-length'],
  ['a name with a quote', { 'a"': new Uint8Array(32) }, 'seed-name'],
  ['an empty name', { '': new Uint8Array(32) }, 'seed-name'],
])('%s is refused', { tags: ['STO-4'] }, async ([, content, code]) => {
  const path = join(await temporaryDirectory(), 'node.json')
  await expect(writeKeyFile({ suite, path, seeds: content, passphrase, kdf })).rejects.toThrow(
    expect.objectContaining({ code }),
  )
})

test('sixteen seeds of 64 bytes fit', { tags: ['STO-4'] }, async () => {
  const content = Object.fromEntries(
    Array.from({ length: 16 }, (_, index) => [
      `n${'x'.repeat(29)}${index}`.slice(0, 32),
      suite.randomBytes(64),
    ]),
  )
  expect(await readKeyFile({ suite, path: await keyFile(content), passphrase })).toEqual(content)
})
