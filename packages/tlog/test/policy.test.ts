import {
  applyPolicy,
  type Checkpoint,
  cosign,
  formatPolicy,
  formatVerifierKey,
  parseCheckpoint,
  parsePolicy,
  parseVerifierKey,
  type QuorumPart,
  type TrustPolicy,
  type VerifierKey,
} from '@warren/tlog'
import { expect, test } from 'vitest'
import { checkpointText, NOW_SECONDS, signer, type TestSigner } from './logs.ts'
import { entries, MemoryTree, refusal, suite } from './trees.ts'

const tree = new MemoryTree(entries(9))
const HEAD = { size: 9, root: tree.root(9) }
const log = signer(1)
const [a, b, c, d] = [signer(2), signer(3), signer(4), signer(5)]

function cosigned(...by: readonly TestSigner[]): Checkpoint {
  const lines = by.map(({ name, signers }) =>
    cosign({ suite, name, signers, origin: log.name, ...HEAD, timeSeconds: NOW_SECONDS }),
  )
  return parseCheckpoint(checkpointText(log, HEAD) + lines.join(''))
}

function of(part: TestSigner): QuorumPart {
  return { cosigner: part.name }
}

function policy(quorum: TrustPolicy['quorum']): TrustPolicy {
  return { logs: [log.known], cosigners: [a, b, c, d].map(({ known }) => known), quorum }
}

function apply(quorum: TrustPolicy['quorum'], checkpoint: Checkpoint): number {
  return applyPolicy({ suite, policy: policy(quorum), checkpoint }).cosignatures.length
}

const TWO_OF_THREE = { threshold: 2, members: [of(a), of(b), of(c)] }
const NESTED = { threshold: 2, members: [{ threshold: 2, members: [of(a), of(b), of(c)] }, of(d)] }

test('a quorum is reached by as many as it asks for', { tags: ['TLG-18'] }, () => {
  const missed = refusal('quorum-missed')
  expect(apply('none', cosigned())).toBe(0)
  expect(apply(of(a), cosigned(a))).toBe(1)
  expect(() => apply(of(a), cosigned(b))).toThrow(missed)
  expect(() => apply(TWO_OF_THREE, cosigned(b))).toThrow(missed)
  expect(apply(TWO_OF_THREE, cosigned(b, c))).toBe(2)
  expect(apply(TWO_OF_THREE, cosigned(a, b, c, d))).toBe(4)
  expect(() => apply(NESTED, cosigned(a, b, c))).toThrow(missed)
  expect(() => apply(NESTED, cosigned(a, d))).toThrow(missed)
  expect(apply(NESTED, cosigned(a, c, d))).toBe(3)
})

test('a cosigner with one line is not one of the quorum', { tags: ['TLG-18'] }, () => {
  const half = cosigned(a, b)
  const stripped = { ...half, lines: half.lines.slice(0, -1) }
  expect(() => apply(TWO_OF_THREE, stripped)).toThrow(refusal('quorum-missed'))
})

test('a log that is not listed is not believed', { tags: ['TLG-18'] }, () => {
  const lists = { ...policy('none'), logs: [signer(6).known] }
  const input = { suite, policy: lists, checkpoint: cosigned(a) }
  expect(() => applyPolicy(input)).toThrow(refusal('origin-foreign'))
  const stripped = { ...cosigned(a), lines: cosigned(a).lines.slice(1) }
  expect(() => apply('none', stripped)).toThrow(refusal('signature-missing'))
})

test('a log that is also a cosigner does not vouch for itself', { tags: ['TLG-18'] }, () => {
  const own = { ...policy({ cosigner: log.name }), cosigners: [log.known, a.known] }
  const input = { suite, policy: own, checkpoint: cosigned(a) }
  expect(() => applyPolicy(input)).toThrow(refusal('quorum-missed'))
})

test.for<TrustPolicy['quorum']>(['none', of(a), TWO_OF_THREE, NESTED])(
  'a policy reads as it is written: %j',
  { tags: ['TLG-19'] },
  (quorum) => {
    expect(parsePolicy(suite, formatPolicy(suite, policy(quorum)))).toEqual(policy(quorum))
  },
)

test('a log whose keys have changed has several pairs', { tags: ['TLG-19'] }, () => {
  const keys = [log.keys, signer(7).keys]
  const rotated = { ...policy('none'), logs: [{ name: log.name, keys }, signer(8).known] }
  expect(parsePolicy(suite, formatPolicy(suite, rotated))).toEqual(rotated)
})

function key(by: TestSigner, type: VerifierKey['type']): string {
  const publicKey = type === 'ml-dsa-44' ? by.keys.mlDsa44 : by.keys.ed25519
  return formatVerifierKey(suite, { name: by.name, type, publicKey })
}

const LOG = `log ${key(log, 'ed25519')}\nlog ${key(log, 'ml-dsa-44')}\n`
const W = (name: string, by: TestSigner): string =>
  `witness ${name}1 ${key(by, 'ed25519-cosignature')}\nwitness ${name}2 ${key(by, 'ml-dsa-44')}\n`
const PAIR = `${W('a', a)}group A all a1 a2\n`
const OTHER = `${W('b', b)}group B 2 b2 b1\n`

test('a policy may be written in other ways', { tags: ['TLG-19'] }, () => {
  const text = `# whom we trust\n\n\t ${LOG.replaceAll(' ', ' \t ')}${PAIR}${OTHER} \t\n\tgroup Q any A B\t\nquorum Q\n  # end\n`
  expect(parsePolicy(suite, text)).toEqual({
    logs: [log.known],
    cosigners: [a.known, b.known],
    quorum: { threshold: 1, members: [of(a), of(b)] },
  })
  const withUrls = LOG.replaceAll('\n', ' https://example.com/log\n')
  expect(parsePolicy(suite, `${withUrls}quorum none\n`).logs).toEqual([log.known])
})

test.for<{ what: string; text: string; code?: string }>([
  { what: 'nothing', text: '' },
  { what: 'no quorum', text: LOG },
  { what: 'two quorums', text: `${LOG}quorum none\nquorum none\n` },
  { what: 'no end', text: `${LOG}quorum none` },
  { what: 'an unknown line', text: 'trust all\nquorum none\n' },
  { what: 'a line named as a method', text: 'toString\nquorum none\n' },
  { what: 'a carriage return', text: 'quorum none\r\n', code: 'note-malformed' },
  { what: 'a DEL', text: '# \u007f\nquorum none\n' },
  { what: 'a quorum that is not defined', text: `${LOG}quorum A\n` },
  { what: 'a quorum that is defined below', text: `${LOG}quorum A\n${PAIR}` },
  { what: 'a word behind the quorum', text: 'quorum none none\n' },
  { what: 'two words behind a log', text: `${LOG.trimEnd()} url more\nquorum none\n` },
  { what: 'half a log', text: `log ${key(log, 'ed25519')}\nquorum none\n` },
  {
    what: 'a log in the wrong order',
    text: `${LOG.split('\n').toReversed().join('\n')}\nquorum none\n`,
  },
  {
    what: 'a log with the key of a cosigner',
    text: `log ${key(log, 'ed25519-cosignature')}\nquorum none\n`,
  },
  {
    what: 'a witness with the key of a log',
    text: `witness x ${key(log, 'ed25519')}\nquorum none\n`,
  },
  {
    what: 'a log twice',
    text: `${LOG}log ${key({ ...log, name: 'x' }, 'ed25519')}\nlog ${key({ ...log, name: 'x' }, 'ml-dsa-44')}\nquorum none\n`,
    code: 'cosigner-not-distinct',
  },
  {
    what: 'a witness twice',
    text: `${PAIR}${W('b', a)}group B all b1 b2\nquorum A\n`,
    code: 'cosigner-not-distinct',
  },
  { what: 'one key as the quorum', text: `${W('a', a)}quorum a1\n` },
  { what: 'one key in a group', text: `${W('a', a)}group A all a1\nquorum A\n` },
  { what: 'either key of a witness', text: `${W('a', a)}group A any a1 a2\nquorum A\n` },
  {
    what: 'keys of two witnesses in a group',
    text: `${W('a', a)}${W('b', b)}group A all a1 b2\nquorum A\n`,
  },
  { what: 'a key beside a group', text: `${PAIR}${W('b', b)}group Q all A b1\nquorum Q\n` },
  { what: 'a threshold of 0', text: `${PAIR}${OTHER}group Q 0 A B\nquorum Q\n` },
  { what: 'a threshold above', text: `${PAIR}${OTHER}group Q 3 A B\nquorum Q\n` },
  { what: 'a threshold that is no number', text: `${PAIR}${OTHER}group Q two A B\nquorum Q\n` },
  { what: 'a group of nobody', text: `${PAIR}group Q any\nquorum A\n` },
  { what: 'a member twice', text: `${PAIR}group Q any A A\nquorum Q\n` },
  {
    what: 'a member of two groups',
    text: `${PAIR}${OTHER}group Q any A B\ngroup R any A\nquorum Q\n`,
  },
  { what: 'a group of itself', text: `${PAIR}group Q any Q\nquorum A\n` },
  { what: 'a name twice', text: `${PAIR}${OTHER}group A any B\nquorum A\n` },
  { what: 'the name none', text: `${PAIR}group none any A\nquorum A\n` },
  { what: 'none as a member', text: `${PAIR}group Q any A none\nquorum Q\n` },
  { what: 'no key', text: `witness x\nquorum none\n`, code: 'key-malformed' },
  { what: '1,025 lines', text: `${'\n'.repeat(1024)}quorum none\n` },
  { what: 'too many bytes', text: `#${'x'.repeat(262_144)}\nquorum none\n`, code: 'note-too-long' },
])('a policy with $what is refused', { tags: ['TLG-19'] }, ({ text, code }) => {
  expect(() => parsePolicy(suite, text)).toThrow(refusal(code ?? 'policy-malformed'))
})

test('what no text can say is not written', { tags: ['TLG-19'] }, () => {
  const malformed = refusal('policy-malformed')
  const several = { name: a.name, keys: [a.keys, b.keys] }
  expect(() => formatPolicy(suite, { ...policy('none'), cosigners: [several] })).toThrow(malformed)
  const twice = { threshold: 2, members: [of(a), of(a)] }
  expect(() => formatPolicy(suite, policy(twice))).toThrow(malformed)
  expect(() => formatPolicy(suite, policy({ cosigner: 'nobody' }))).toThrow(malformed)
  expect(() => formatPolicy(suite, policy({ ...TWO_OF_THREE, threshold: 4 }))).toThrow(malformed)
  expect(() => formatPolicy(suite, policy({ threshold: 1, members: [] }))).toThrow(malformed)
})

test('a verifier key reads as it is written, also that of Go', { tags: ['TLG-19'] }, () => {
  const text = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
  const read = parseVerifierKey(suite, text)
  expect(read).toMatchObject({ name: 'PeterNeumann', type: 'ed25519' })
  expect(formatVerifierKey(suite, read)).toBe(text)
  const refused = [
    text.replace('c74f20a3', 'c74f20a4'),
    text.replace('c74f20a3', 'C74F20A3'),
    text.replace('Peter', 'Pater'),
    text.replace('+ARpc', '+Ahpc'),
    text.slice(0, -4),
    `${text}AAAA`,
    text.replace('+', ' '),
    'a+b',
  ]
  for (const wrong of refused) {
    expect(() => parseVerifierKey(suite, wrong)).toThrow(refusal('key-malformed'))
  }
  expect(() => parseVerifierKey(suite, text.replace('Peter', 'Pe ter'))).toThrow(
    refusal('name-malformed'),
  )
})
