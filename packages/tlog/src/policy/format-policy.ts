import type { KnownSigner } from '../note/hybrid-keys.ts'
import type { Sha256 } from '../tree/node-hash.ts'
import { policyMalformed } from './policy-malformed.ts'
import { parsePolicy } from './policy-text.ts'
import type { QuorumPart, TrustPolicy } from './trust-policy.ts'
import { formatVerifierKey } from './verifier-key.ts'

/**
 * Writes a policy as C2SP tlog-policy does, so that it is read as the same one.
 *
 * @throws TlogError `policy-malformed` when no text says the same: a cosigner with several pairs of keys, or one that
 * stands in the quorum twice or is not listed
 */
export function formatPolicy(suite: Sha256, policy: TrustPolicy): string {
  const logs = policy.logs.flatMap((log) => logLines(suite, log))
  const cosigners = policy.cosigners.flatMap((cosigner) => cosignerLines(suite, cosigner))
  const groups: string[] = []
  const quorum = policy.quorum === 'none' ? 'none' : groupLines(policy.quorum, groups)
  const text = `${[...logs, ...cosigners, ...groups, `quorum ${quorum}`].join('\n')}\n`
  parsePolicy(suite, text)
  return text
}

function logLines(suite: Sha256, { name, keys }: KnownSigner): readonly string[] {
  return keys.flatMap(({ ed25519, mlDsa44 }) => [
    `log ${formatVerifierKey(suite, { name, type: 'ed25519', publicKey: ed25519 })}`,
    `log ${formatVerifierKey(suite, { name, type: 'ml-dsa-44', publicKey: mlDsa44 })}`,
  ])
}

/** A plus stands in no name of a signer: so the names made here are nobody's. */
function cosignerLines(suite: Sha256, { name, keys }: KnownSigner): readonly string[] {
  const [pair, ...more] = keys
  if (pair === undefined || more.length > 0) {
    throw policyMalformed('a cosigner has one pair of keys in it')
  }
  const { ed25519, mlDsa44 } = pair
  const classical = { name, type: 'ed25519-cosignature', publicKey: ed25519 } as const
  const postQuantum = { name, type: 'ml-dsa-44', publicKey: mlDsa44 } as const
  return [
    `witness ${name}+ed25519 ${formatVerifierKey(suite, classical)}`,
    `witness ${name}+ml-dsa-44 ${formatVerifierKey(suite, postQuantum)}`,
    `group ${name} all ${name}+ed25519 ${name}+ml-dsa-44`,
  ]
}

/** Adds the groups of a part, those inside first, and says by which name it goes. */
function groupLines(part: QuorumPart, lines: string[]): string {
  if ('cosigner' in part) return part.cosigner
  const members = part.members.map((member) => groupLines(member, lines))
  const name = `+${lines.length + 1}`
  lines.push(`group ${name} ${part.threshold} ${members.join(' ')}`)
  return name
}
