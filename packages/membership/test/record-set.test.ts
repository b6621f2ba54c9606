import { standingOf } from '@warren/membership'
import { expect, test } from 'vitest'
import { NOW_MS } from './builders.ts'
import { grant, person, revoked, witnessedMesh, withAll } from './record-builders.ts'

test('a member is one, until a revocation of k admins says otherwise', () => {
  const mesh = witnessedMesh()
  const member = person(0)
  const { text } = grant(mesh, member)
  const before = withAll(mesh.empty, text)
  expect(standingOf(before, member.did, NOW_MS)).toMatchObject({ status: 'member' })
  const after = withAll(before, revoked(mesh, member))
  expect(standingOf(after, member.did, NOW_MS)).toMatchObject({
    status: 'revoked',
    reason: 'laptop stolen',
  })
})
