import { type CapabilityChain, issueCapability, verifyChain } from '@warren/capability'
import type { Identity } from '@warren/identity'
import { expect, test } from 'vitest'
import { type IssuerFate, issuerFate } from '../../src/capability/issuer-fate.ts'
import { KeyLogs } from '../../src/capability/key-logs.ts'
import {
  comingBack,
  connect,
  DAY_MS,
  type EnforcedNode,
  grant,
  keyTargets,
  nodeFor,
  NOW_MS,
  quarantineOf,
  revocationOf,
  rotated,
} from '../records/enforced-mesh.ts'
import { asserting, HOUR_MS, suite, uuid } from './builders.ts'

/** The key logs by which a node judges capabilities, in the run in which it has met the members, or in the next. */
function logsOf({ identity, mesh, store }: EnforcedNode, isRestarted = false): KeyLogs {
  const { admission } = mesh
  return new KeyLogs({
    suite,
    own: identity.log,
    objection: (did) => admission.objection(did),
    isCurrent: (log) => admission.isCurrentLog(log),
    shownLog: (did) => (isRestarted ? undefined : admission.memberOf(did)?.log),
    storedLog: (did) => store.peers.get(did)?.log,
  })
}

/** A first link for a server of that node. */
function issuedBy(issuer: Identity, owner: EnforcedNode, holder: EnforcedNode): CapabilityChain {
  const wish = {
    id: uuid(),
    holder: holder.did,
    node: owner.did,
    server: 'fs',
    tools: ['write_file'],
    schema: {
      type: 'object',
      properties: { path: { type: 'string', const: 'a' } },
      additionalProperties: false,
    },
    delegable: 0,
    validFromMs: NOW_MS,
    validUntilMs: NOW_MS + HOUR_MS,
  }
  return issueCapability({ suite, issuer: asserting(issuer), nowMs: NOW_MS, wish })
}

/** The name under which a node knows whoever issued the first link, where the chain holds. */
function labelOf(chain: CapabilityChain, owner: EnforcedNode, logs: KeyLogs): string {
  const { label } = verifyChain(chain, {
    suite,
    self: owner.did,
    labelOf: (did) => (did === chain.first.issuer ? 'broker' : undefined),
    logOf: (did) => logs.of(did),
    isRevoked: () => false,
    nowMs: NOW_MS,
  })
  return label
}

test(
  'what is signed with the keys from before a return counts at no owner, met again or not',
  { tags: ['CAP-18', 'THR-65'] },
  async () => {
    const [owner, broker, agent] = [await nodeFor(), await nodeFor(), await nodeFor()]
    for (const member of [broker, agent]) await connect(member, owner)
    const chain = issuedBy(broker.identity, owner, agent)
    expect(labelOf(chain, owner, logsOf(owner))).toBe('broker')

    const again = rotated(broker.identity)
    const { gone, word, back, membership } = comingBack(again)
    await owner.mesh.records.submit([gone, word, back])
    const stolen = issuedBy(broker.identity, owner, agent)
    for (const isRestarted of [false, true]) {
      const logs = logsOf(owner, isRestarted)
      expect(logs.of(broker.did)).toBeUndefined()
      expect(() => labelOf(stolen, owner, logs)).toThrow(
        expect.objectContaining({ code: 'capability-key-log-unknown' }),
      )
      expect(logs.of(agent.did)?.did).toBe(agent.did)
    }
    const honest = await nodeFor(again, membership)
    await honest.mesh.records.submit([gone, word])
    await connect(honest, owner)
    const logs = logsOf(owner)
    expect(labelOf(issuedBy(again, owner, agent), owner, logs)).toBe('broker')
    for (const old of [chain, stolen]) {
      expect(() => labelOf(old, owner, logs)).toThrow(
        expect.objectContaining({ code: 'capability-unproved' }),
      )
    }
  },
)

test.for<[string, boolean]>([
  ['in the run in which it was met', false],
  ['after a restart', true],
])(
  'what is signed with keys that were revoked by themselves does not count %s',
  { tags: ['CAP-18', 'REC-6', 'THR-65'] },
  async ([, isRestarted]) => {
    const [owner, broker, agent] = [await nodeFor(), await nodeFor(), await nodeFor()]
    for (const member of [broker, agent]) await connect(member, owner)
    const stolen = issuedBy(broker.identity, owner, agent)
    const again = rotated(broker.identity)
    await owner.mesh.records.submit([grant(again, { fromMs: NOW_MS - DAY_MS / 2 }).text])
    expect(labelOf(stolen, owner, logsOf(owner, isRestarted))).toBe('broker')
    await owner.mesh.records.submit([revocationOf(keyTargets(broker.identity))])
    expect(owner.mesh.standings.of(broker.did).status).toBe('member')
    expect(() => labelOf(stolen, owner, logsOf(owner, isRestarted))).toThrow(
      expect.objectContaining({ code: 'capability-key-log-unknown' }),
    )
  },
)

test(
  'what an issuer has taken back is needed no more when it was revoked, until it is back, and in no other case',
  { tags: ['CAP-19', 'THR-50'] },
  async () => {
    const [owner, issuer, other] = [await nodeFor(), await nodeFor(), await nodeFor()]
    for (const member of [issuer, other]) await connect(member, owner)
    const fateOf = ({ did }: EnforcedNode): IssuerFate =>
      issuerFate(owner.mesh.records.set, did, NOW_MS)
    await owner.mesh.records.submit([quarantineOf(issuer.did)])
    expect(owner.mesh.admission.objection(issuer.did)).toBe('membership-quarantined')
    expect(fateOf(issuer)).toBe('here')
    const { gone, word, back } = comingBack(rotated(issuer.identity))
    await owner.mesh.records.submit([gone])
    expect([fateOf(issuer), fateOf(other)]).toEqual(['gone', 'here'])
    await owner.mesh.records.submit([word, back])
    expect(fateOf(issuer)).toBe('here')
    // Of a credential alone: another one for the same keys lets it in again.
    const credential = owner.mesh.standings.membershipOf(other.did)?.uuid ?? ''
    await owner.mesh.records.submit([revocationOf([{ credential }])])
    expect(fateOf(other)).toBe('revoked')
  },
)
