import type { HybridKeys, KnownSigner } from '../note/hybrid-keys.ts'
import { requireText } from '../note/note-text.ts'
import type { SignatureType } from '../note/signature-type.ts'
import { requireDistinct } from '../note/verify-cosignatures.ts'
import type { Sha256 } from '../tree/node-hash.ts'
import { policyMalformed } from './policy-malformed.ts'
import { PolicyNames } from './policy-names.ts'
import type { TrustPolicy } from './trust-policy.ts'
import { parseVerifierKey, type VerifierKey } from './verifier-key.ts'

/** Bytes of the longest policy: more than sixty-four cosigners with two keys each. */
export const POLICY_BYTES_MAX = 262_144

const LINES_MAX = 1024
/** What may stand in a policy beside what a note may hold. */
const SPACES = /[ \t]+/
const DELETE = '\u007f'

/** What a policy says, line by line, before it is put together. */
interface Draft {
  readonly logKeys: VerifierKey[]
  readonly names: PolicyNames
  quorum: TrustPolicy['quorum'] | undefined
}

type ReadLine = (suite: Sha256, draft: Draft, words: readonly string[]) => void

const LINES: Readonly<Record<string, ReadLine>> = {
  log: (suite, draft, [key, , ...more]) => {
    draft.logKeys.push(keyOf(suite, key, ['ed25519', 'ml-dsa-44']))
    requireEnd(more)
  },
  witness: (suite, draft, [name, key, , ...more]) => {
    draft.names.addKey(name, keyOf(suite, key, ['ed25519-cosignature', 'ml-dsa-44']))
    requireEnd(more)
  },
  group: (_suite, draft, [name, threshold = '', ...members]) => {
    draft.names.addGroup(name, threshold, members)
  },
  quorum: (_suite, draft, [name = '', ...more]) => {
    requireEnd(more)
    if (draft.quorum !== undefined) throw policyMalformed('it has two quorums')
    draft.quorum = name === 'none' ? 'none' : draft.names.part(name)
  },
}

/**
 * Reads a policy as C2SP tlog-policy writes it. Two lines of `log` with one name, and two of `witness` whose keys have one
 * name, are the two keys of one signer, and count together only: logs in pairs that follow one another, cosigners by a
 * group of both.
 *
 * @throws TlogError `policy-malformed`, `key-malformed`, `name-malformed`, `note-too-long`, `cosigner-not-distinct`
 */
export function parsePolicy(suite: Sha256, text: string): TrustPolicy {
  requireText(text.replaceAll('\t', ' '), POLICY_BYTES_MAX)
  if (text.includes(DELETE)) throw policyMalformed('it holds a control character')
  const lines = text.split('\n', LINES_MAX + 1)
  if (lines.length > LINES_MAX) throw policyMalformed(`it has more than ${LINES_MAX} lines`)
  if (lines.at(-1) !== '') throw policyMalformed('its last line does not end')
  const draft: Draft = { logKeys: [], names: new PolicyNames(), quorum: undefined }
  for (const line of lines) readLine(suite, draft, line)
  const { logKeys, names, quorum } = draft
  if (quorum === undefined) throw policyMalformed('it has no quorum')
  const logs = pairLogs(logKeys)
  requireDistinct(logs)
  requireDistinct(names.cosigners)
  return { logs, cosigners: names.cosigners, quorum }
}

function readLine(suite: Sha256, draft: Draft, line: string): void {
  const [keyword = '', ...words] = line.split(SPACES).filter((word) => word !== '')
  if (keyword === '' || keyword.startsWith('#')) return
  const read = Object.hasOwn(LINES, keyword) ? LINES[keyword] : undefined
  if (read === undefined) throw policyMalformed('a line begins with an unknown word')
  read(suite, draft, words)
}

function keyOf(
  suite: Sha256,
  text: string | undefined,
  types: readonly SignatureType[],
): VerifierKey {
  const key = parseVerifierKey(suite, text ?? '')
  if (!types.includes(key.type)) throw policyMalformed('a key is of another type than its line')
  return key
}

function requireEnd(words: readonly string[]): void {
  if (words.length > 0) throw policyMalformed('a line has too many words')
}

function pairLogs(keys: readonly VerifierKey[]): readonly KnownSigner[] {
  const byName = Map.groupBy(keys, ({ name }) => name)
  return [...byName].map(([name, own]) => ({ name, keys: pairs(own) }))
}

function pairs(keys: readonly VerifierKey[]): readonly HybridKeys[] {
  const found: HybridKeys[] = []
  for (let at = 0; at < keys.length; at += 2) {
    const [ed25519, mlDsa44] = keys.slice(at, at + 2)
    if (ed25519?.type !== 'ed25519' || mlDsa44?.type !== 'ml-dsa-44') {
      throw policyMalformed('a log has an Ed25519 key, and then an ML-DSA-44 key')
    }
    found.push({ ed25519: ed25519.publicKey, mlDsa44: mlDsa44.publicKey })
  }
  return found
}
