import type { CryptoSuite } from '@warren/crypto'
import { type Did, IdentityError, verifyCredential, type VerifiedLog } from '@warren/identity'
import type { CapabilityChain } from './capability-chain.ts'
import { CapabilityError, type CapabilityErrorCode } from './capability-error.ts'

/** What whoever decides on a capability knows. */
export interface CapabilityKnowledge {
  readonly suite: CryptoSuite
  /** The node that decides: of others' servers it decides nothing. */
  readonly self: Did
  /** What the owner calls an issuer of first links; undefined for whoever may issue none. */
  readonly labelOf: (did: Did) => string | undefined
  /** The newest key log of somebody who may take part now; undefined for everybody else. */
  readonly logOf: (did: Did) => VerifiedLog | undefined
  readonly isRevoked: (link: { readonly id: string; readonly issuer: Did }) => boolean
  /** Milliseconds since 1970. */
  readonly nowMs: number
}

/** A chain of which every signature was checked, and against which key logs. */
export interface VerifiedChain {
  readonly chain: CapabilityChain
  /** What the owner calls the issuer of the first link. */
  readonly label: string
  readonly heads: readonly string[]
}

const CODES: ReadonlyMap<string, CapabilityErrorCode> = new Map([
  ['credential-not-yet-valid', 'capability-not-yet-valid'],
  ['credential-expired', 'capability-expired'],
])

/**
 * Checks that everybody in a chain may take part, that nothing of it is revoked or out of its time, and then every signature.
 *
 * The current document of each issuer decides: what a key signed that it has dropped since is void.
 *
 * @throws CapabilityError `capability-foreign-node`, `capability-root-unknown`, `capability-revoked`,
 * `capability-key-log-unknown`, `capability-not-yet-valid`, `capability-expired`, `capability-unproved`
 */
export function verifyChain(chain: CapabilityChain, knowledge: CapabilityKnowledge): VerifiedChain {
  const { label, logs } = checkStanding(chain, knowledge)
  const { suite, nowMs } = knowledge
  for (const [at, document] of chain.documents.entries()) {
    const issuer = logs[at]
    if (issuer !== undefined) proveLink({ suite, document, issuer, nowMs })
  }
  return { chain, label, heads: logs.map(({ head }) => head) }
}

/**
 * Checks once more, without signatures, that a chain which was verified still holds: for each call.
 *
 * @throws CapabilityError as `verifyChain`; `capability-unproved` where an issuer's key log has grown, after which the
 * chain has to be verified again
 */
export function checkStillHolds(verified: VerifiedChain, knowledge: CapabilityKnowledge): void {
  const { logs } = checkStanding(verified.chain, knowledge)
  if (logs.some(({ head }, at) => head !== verified.heads[at])) {
    throw new CapabilityError('capability-unproved', 'an issuer has changed its keys since')
  }
}

/** Everything that is cheap, of every link. */
function checkStanding(
  { links, first, last }: CapabilityChain,
  { self, labelOf, logOf, isRevoked, nowMs }: CapabilityKnowledge,
): { readonly label: string; readonly logs: readonly VerifiedLog[] } {
  if (first.node !== self) {
    throw new CapabilityError('capability-foreign-node', 'it is for a server of another node')
  }
  const label = labelOf(first.issuer)
  if (label === undefined) {
    throw new CapabilityError(
      'capability-root-unknown',
      'its first issuer is neither the owner nor named in the configuration of the owner',
    )
  }
  const logs = links.map((link) => {
    if (isRevoked(link)) throw new CapabilityError('capability-revoked', 'a link of it is revoked')
    if (nowMs < link.validFromMs) throw timed('capability-not-yet-valid', 'is not valid yet')
    if (nowMs >= link.validUntilMs) throw timed('capability-expired', 'is not valid any more')
    return knownLog(logOf(link.issuer))
  })
  knownLog(logOf(last.holder))
  return { label, logs }
}

function knownLog(log: VerifiedLog | undefined): VerifiedLog {
  if (log !== undefined && !log.deactivated) return log
  throw new CapabilityError(
    'capability-key-log-unknown',
    'somebody in it is no member now, or was never met here',
  )
}

function proveLink(input: Parameters<typeof verifyCredential>[0]): void {
  try {
    verifyCredential(input)
  } catch (cause) {
    if (!(cause instanceof IdentityError)) throw cause
    throw new CapabilityError(CODES.get(cause.code) ?? 'capability-unproved', cause.message, {
      cause,
    })
  }
}

function timed(code: CapabilityErrorCode, rule: string): CapabilityError {
  return new CapabilityError(code, `a link of it ${rule}`)
}
