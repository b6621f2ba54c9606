import { type Did, multihashOf } from '@warren/identity'
import type { CharterAdmin } from '../charter.ts'
import type { RevocationClass, RevocationRecord, RevocationTarget } from '../records/mesh-record.ts'
import type { Said } from '../records/said.ts'
import type { RecordSet } from '../set/record-set.ts'
import { named, quoted, seenBefore } from './wording.ts'

const CLASSES: Readonly<Record<RevocationClass, string>> = {
  lost: 'lost (the keys are gone; nobody else has them, as far as is known)',
  compromised: 'compromised (somebody else has the keys, or may have them)',
  policy: 'policy (no longer wanted)',
  retired: 'retired (out of use)',
}

/** What a revocation means: each target in a sentence of its own. */
export function describeRevocation(
  { targets, class: kind, reason, since }: Said<RevocationRecord>,
  set: RecordSet | undefined,
): readonly string[] {
  const isDated = targets.some((target) => !('credential' in target || 'bundleSigner' in target))
  return [
    ...targets.map((target) => `REVOKE for good: ${describeTarget(target, set)}`),
    `Class: ${CLASSES[kind]}. Reason: ${quoted(reason)}.`,
    ...(isDated
      ? [`Seen in time, and so still counting, is what witnesses logged: ${seenBefore(since)}.`]
      : []),
    'It takes effect at every node that learns of it and cannot be taken back.',
    ...(targets.some((target) => 'did' in target)
      ? ['Only a readmission, of a higher generation and with new keys, lets such a DID in again.']
      : []),
    ...(targets.some((target) => 'did' in target || 'keyHash' in target)
      ? [
          'It ends the power to admit others as well: of whom such a DID, or such a key, let in as an enroller nobody stays a member whom witnesses had not seen in time.',
        ]
      : []),
    ...(targets.some((target) => 'did' in target)
      ? ['It ends no office: an admin or a witness stays one.']
      : []),
    ...(targets.some((target) => 'keyHash' in target) ? [KEY_OF_OFFICE] : []),
    ...targets.flatMap((target) => describeOffices(target, set)),
  ]
}

const KEY_OF_OFFICE =
  'A key of an admin or of a witness goes on counting for what is signed with it as such: to end that takes a revocation of the admin, or an admin change.'

function describeOffices(target: RevocationTarget, set: RecordSet | undefined): readonly string[] {
  if ('did' in target) return describeWitness(target.did, set)
  return 'keyHash' in target ? describeKey(target.keyHash, set) : []
}

/** Whose key it is that is revoked, and what it takes besides to end what that key gives. */
function describeKey(keyHash: string, set: RecordSet | undefined): readonly string[] {
  if (set === undefined) return []
  const { admins, witnesses } = set.tree.tip
  const isOf = ({ ed25519, mlDsa44 }: CharterAdmin): boolean =>
    [ed25519, mlDsa44].some(({ multikey }) => `z${multihashOf(set.suite, multikey)}` === keyHash)
  return [
    ...admins
      .filter(isOf)
      .map(
        ({ did }) =>
          `It is a key of the admin ${named(did, set)}, who stays an admin, and whose signatures go on counting until that admin is revoked as such, and an admin change removes it or rotates its keys.`,
      ),
    ...witnesses
      .filter(isOf)
      .map(
        ({ did }) =>
          `It is a key of the witness ${named(did, set)}, which stays one, with that key, until an admin change takes it off the list.`,
      ),
  ]
}

/** The list of witnesses is the admins' own: nothing but an admin change alters it. */
function describeWitness(did: Did, set: RecordSet | undefined): readonly string[] {
  const { witnesses = [], kWitness = 0 } = set?.tree.tip ?? {}
  if (!witnesses.some((witness) => witness.did === did)) return []
  return [
    `${named(did, set)} is one of the ${witnesses.length} witnesses, of which ${kWitness} are needed, and stays so, with the keys that it has now, until an admin change takes it off the list.`,
  ]
}

function describeTarget(target: RevocationTarget, set: RecordSet | undefined): string {
  if ('did' in target) {
    return `${named(target.did, set)}, every membership up to generation ${target.maxGen}.`
  }
  if ('keyHash' in target) {
    return `the key ${target.keyHash}; whoever shows it is refused, under any DID.`
  }
  if ('credential' in target) return `the credential ${target.credential}, and no other.`
  if ('enroller' in target) {
    return `the enroller ${named(target.enroller, set)}, and every member that it admitted and that witnesses had not seen in time. Its own membership stays.`
  }
  if ('admin' in target) {
    return `the admin ${named(target.admin, set)}; its signatures give nothing any more unless witnesses had seen them in time.`
  }
  return `the signer of bundles ${named(target.bundleSigner, set)}.`
}
