import {
  type CapabilityChain,
  type CapabilityKnowledge,
  type CapabilityWish,
  issueCapability,
} from '@warren/capability'
import { type CryptoSuite, nodeSuite } from '@warren/crypto'
import { createIdentity, type Identity, type KeyHolder } from '@warren/identity'

export const suite: CryptoSuite = nodeSuite
export const NOW_MS: number = Date.UTC(2026, 10, 28, 12)
export const HOUR_MS = 3_600_000

function member(): Identity {
  return createIdentity({ suite, nowMs: NOW_MS - HOUR_MS })
}

export const owner: Identity = member()
export const broker: Identity = member()
export const agent: Identity = member()
export const other: Identity = member()
export const everybody: readonly Identity[] = [owner, broker, agent, other]

export function asserting({ log, assertionSigner, mlDsaSigner }: Identity): KeyHolder {
  return { log, signers: [assertionSigner, mlDsaSigner] }
}

export function authenticating({ log, nodeSigner, mlDsaSigner }: Identity): KeyHolder {
  return { log, signers: [nodeSigner, mlDsaSigner] }
}

export function uuid(): string {
  return `urn:uuid:${crypto.randomUUID()}`
}

export function issue(
  issuer: Identity,
  holder: Identity,
  { parent, ...changes }: Partial<CapabilityWish> & { readonly parent?: CapabilityChain } = {},
): CapabilityChain {
  const wish = {
    id: uuid(),
    holder: holder.did,
    node: owner.did,
    server: 'fs',
    tools: ['read_file'],
    schema: {
      type: 'object',
      properties: { path: { type: 'string', const: 'a' } },
      additionalProperties: false,
    },
    delegable: parent === undefined ? 1 : 0,
    validFromMs: NOW_MS,
    validUntilMs: NOW_MS + HOUR_MS,
    ...changes,
  }
  return issueCapability({ suite, issuer: asserting(issuer), nowMs: NOW_MS, wish, parent })
}

/** From the owner through the broker to the agent. */
export function delegated(): CapabilityChain {
  return issue(broker, agent, { parent: issue(owner, broker) })
}

export function knowledge(changes: Partial<CapabilityKnowledge> = {}): CapabilityKnowledge {
  return {
    suite,
    self: owner.did,
    labelOf: (did) => (did === owner.did ? 'self' : undefined),
    logOf: (did) => everybody.find((each) => each.did === did)?.log,
    isRevoked: () => false,
    nowMs: NOW_MS,
    ...changes,
  }
}
