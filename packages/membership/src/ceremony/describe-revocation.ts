import type { Did } from '@warren/identity'
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
  const isDated = targets.some((target) => 'admin' in target || 'enroller' in target)
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
    ...targets.flatMap((target) => ('did' in target ? describeWitness(target.did, set) : [])),
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
    return `the enroller ${named(target.enroller, set)}, and every member that it admitted and that witnesses had not seen in time.`
  }
  if ('admin' in target) {
    return `the admin ${named(target.admin, set)}; its signatures give nothing any more unless witnesses had seen them in time.`
  }
  return `the signer of bundles ${named(target.bundleSigner, set)}.`
}
