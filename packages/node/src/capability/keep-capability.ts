import {
  type Capability,
  CAPABILITY_ID_PATTERN,
  CapabilityError,
  type CapabilityChain,
  decodeChain,
  decodeRevocation,
  issueRevocation,
  REVOCATION_TYPE,
  verifyRevocation,
} from '@warren/capability'
import { nodeSuite as suite } from '@warren/crypto'
import { type Did, formatTimestamp } from '@warren/identity'
import { readSharedFile, writeSharedFile } from '@warren/storage'
import { systemClock } from '../system-clock.ts'
import { CapabilityFiles, CHAIN_BYTES_MAX } from './capability-files.ts'
import { type CapabilityView, viewChain } from './capability-words.ts'
import { ownKeyLog, storedKeyLog, withAssertionKeys } from './offline-node.ts'
import { KEPT_MS_MAX, type KeptRevocation, RevocationLedger } from './revocation-ledger.ts'

/** What was taken from a file. */
export type Accepted =
  | { readonly what: 'capability'; readonly view: CapabilityView }
  | { readonly what: 'revocation'; readonly id: string; readonly by: string }

/** What a node keeps, as it stands in its files. */
export interface KeptCapabilities {
  readonly held: readonly CapabilityView[]
  readonly issued: readonly CapabilityView[]
  readonly revoked: readonly { readonly id: string; readonly by: string; readonly until: string }[]
}

/**
 * Takes a capability that was issued to the node of a data directory, or the revocation of one for its own servers.
 *
 * @throws CapabilityError `presentation-foreign`, `capability-foreign-node`, `capability-key-log-unknown`, …; StorageError
 */
export async function acceptFile(directory: string, file: string): Promise<Accepted> {
  const text = (await readSharedFile(file, CHAIN_BYTES_MAX)).trimEnd()
  const { did } = ownKeyLog(directory)
  if (text.includes(`"${REVOCATION_TYPE}"`)) return acceptRevocation(directory, text, did)
  const chain = decodeChain(suite, text)
  if (chain.last.holder !== did) {
    throw new CapabilityError('presentation-foreign', 'that capability was issued to somebody else')
  }
  await new CapabilityFiles(directory).keep('held', chain)
  return { what: 'capability', view: viewChain(chain) }
}

/** What the files of a data directory say. */
export async function keptCapabilities(directory: string): Promise<KeptCapabilities> {
  const files = new CapabilityFiles(directory)
  const revoked = await files.revocations()
  return {
    held: (await files.chains('held')).map((chain) => viewChain(chain)),
    issued: (await files.chains('issued')).map((chain) => viewChain(chain)),
    revoked: revoked.map(({ capability, issuer, untilMs }) => ({
      id: capability,
      by: issuer,
      until: formatTimestamp(untilMs),
    })),
  }
}

/** A revocation that is ready to be made. */
export interface PreparedRevocation {
  /** What is known of the link; absent for one of others, for the node's own servers. */
  readonly link?: Capability
  /** Whether the owner has to be told, and so a signature is needed. */
  readonly needsSignature: boolean
  /** Makes it; with a signature also in a file, where one is named. */
  revoke(passphrase: Uint8Array | undefined, file?: string): Promise<void>
}

/**
 * Prepares to take a link back: one that the node of a data directory has issued, or, for its own servers, any.
 *
 * @throws CapabilityError `capability-malformed`, `capability-id-ambiguous`; StorageError
 */
export async function prepareRevocation(
  directory: string,
  id: string,
): Promise<PreparedRevocation> {
  if (!CAPABILITY_ID_PATTERN.test(id)) {
    throw new CapabilityError('capability-malformed', 'the id of a capability is "urn:uuid:…"')
  }
  const self = ownKeyLog(directory).did
  const files = new CapabilityFiles(directory)
  const chain = await files.issued(id)
  const owner = chain?.first.node ?? self
  const kept = revocationOf(id, { self, owner, chain })
  return {
    ...(chain === undefined ? {} : { link: chain.last }),
    needsSignature: owner !== self,
    revoke: async (passphrase, file) => {
      const signed =
        passphrase === undefined ? undefined : await signRevocation(directory, passphrase, kept)
      await files.keepRevocation({ ...kept, ...(signed === undefined ? {} : { signed }) })
      if (file === undefined || signed === undefined) return
      await writeSharedFile({ path: file, text: `${signed}\n`, replace: false })
    },
  }
}

/** What nothing is known of ends within the longest time that a link has. */
function revocationOf(
  capability: string,
  known: {
    readonly self: Did
    readonly owner: Did
    readonly chain: CapabilityChain | undefined
  },
): KeptRevocation {
  const { self, owner, chain } = known
  const untilMs = chain?.last.validUntilMs ?? unknownEndMs()
  return { capability, issuer: self, node: owner, untilMs }
}

function unknownEndMs(): number {
  return Math.ceil((systemClock.wallMs() + KEPT_MS_MAX) / 1_000) * 1_000
}

async function signRevocation(
  directory: string,
  passphrase: Uint8Array,
  { capability, node, untilMs }: KeptRevocation,
): Promise<string> {
  return withAssertionKeys(directory, passphrase, (issuer) =>
    issueRevocation({
      suite,
      issuer,
      id: `urn:uuid:${crypto.randomUUID()}`,
      nowMs: systemClock.wallMs(),
      revoked: { capability, node, untilMs },
    }),
  )
}

async function acceptRevocation(directory: string, text: string, self: Did): Promise<Accepted> {
  const decoded = decodeRevocation(text)
  const { capability, issuer: by, node, untilMs } = decoded
  if (node !== self) {
    throw new CapabilityError('capability-foreign-node', 'it is for a server of another node')
  }
  const issuer = storedKeyLog(directory, by)
  if (issuer === undefined) {
    throw new CapabilityError('capability-key-log-unknown', 'this node has never met its issuer')
  }
  const nowMs = systemClock.wallMs()
  verifyRevocation(decoded, { suite, issuer, nowMs })
  const files = new CapabilityFiles(directory)
  const ledger = new RevocationLedger({ self, files, nowMs: () => nowMs })
  await ledger.load()
  await ledger.add({ capability, issuer: by, node, untilMs, signed: text })
  return { what: 'revocation', id: capability, by }
}
