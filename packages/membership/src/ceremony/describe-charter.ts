import type { CharterStatement } from './requested-record.ts'
import { duration, moment, quoted, shortKey } from './wording.ts'

/** What a charter means. */
export function describeCharter(charter: CharterStatement): readonly string[] {
  const { name, createdMs, admins, k, kAdmin } = charter
  const count = admins.length
  return [
    `FOUND the mesh ${quoted(name)}, dated ${moment(createdMs)}.`,
    ...admins.map(
      ({ did, ed25519, nextKeysHash }) =>
        `Admin: ${did}, key ${shortKey(ed25519.multikey)}, next keys ${nextKeysHash ?? 'not committed to'}.`,
    ),
    `It takes ${k} of ${count} admins to admit or to revoke, ${kAdmin} of ${count} to change the admins or to revoke one.`,
    ...describeWitnesses(charter),
    'All admins sign. A charter is for good; later admin changes say who decides from then on.',
  ]
}

function describeWitnesses({
  witnesses,
  kWitness,
  freshness,
}: CharterStatement): readonly string[] {
  const { beaconMs, warnMs, denyMs, stopMs, skewMs } = freshness
  if (witnesses.length === 0) {
    return ['Witnesses: none. No node can know whether what it knows is fresh.']
  }
  return [
    ...witnesses.map(({ did, ed25519 }) => `Witness: ${did}, key ${shortKey(ed25519.multikey)}.`),
    `It takes ${kWitness} of ${witnesses.length} witnesses, each with a sign of life every ${duration(beaconMs)}.`,
    `Without them nodes warn after ${duration(warnMs)}, trust nobody new after ${duration(denyMs)}, and nobody at all after ${duration(stopMs)}; clocks may differ by ${duration(skewMs)}.`,
  ]
}
