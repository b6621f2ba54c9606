import { nodeSuite as suite } from '@warren/crypto'
import { randomUuid, writeIsland } from '@warren/membership'
import { expect, test, vi } from 'vitest'
import {
  DAY_MS,
  type EnforcedNode,
  grant,
  meshId,
  nodeFor,
  NOW_MS,
  quarantineOf,
  signed,
} from './enforced-mesh.ts'

/** The enclaves of the island grants by which a node judges how fresh what it knows is. */
function judgedBy({ mesh }: EnforcedNode): readonly string[] {
  const judging = vi.spyOn(mesh.records, 'judge')
  mesh.freshness.viewFor('plc')
  const [islands = []] = judging.mock.lastCall ?? []
  return islands.map(({ enclave }) => enclave)
}

function island(enclave: string): string {
  return signed(
    writeIsland({
      meshId,
      uuid: randomUuid(suite),
      claimedMs: NOW_MS - DAY_MS,
      enclave,
      maxStalenessMs: 7 * DAY_MS,
      servers: ['plc'],
      notAfterMs: NOW_MS + DAY_MS,
    }),
  )
}

test(
  'a node goes by the island grants of the enclave that it is in, and not of one that it has left',
  { tags: ['NODE-48', 'NODE-16'] },
  async () => {
    const node = await nodeFor()
    await node.mesh.records.submit([island('main'), island('office')])
    expect(judgedBy(node)).toEqual(['main'])
    const moved = grant(node.identity, { enclave: 'office', fromMs: NOW_MS - DAY_MS / 2 })
    await node.mesh.records.submit([moved.text])
    expect(judgedBy(node)).toEqual(['office'])
    // Kept out for a while it has not moved back.
    await node.mesh.records.submit([quarantineOf(node.did)])
    expect(node.mesh.standings.of(node.did).status).toBe('quarantined')
    expect(judgedBy(node)).toEqual(['office'])
  },
)
