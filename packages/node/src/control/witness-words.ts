import type { MeshKnowledge } from '../records/mesh-knowledge.ts'
import { memberWords } from '../records/fork-alarm.ts'

const TAKE_OFF = 'take it off the list (warren admin change --remove-witness)'

/** What somebody should look into of the witnesses in force: each that cannot witness any more as it is listed. */
export function witnessWarnings({
  records,
  standings,
  admission,
}: Pick<MeshKnowledge, 'records' | 'standings' | 'admission'>): readonly string[] {
  const { set } = records
  return set.tree.tip.witnesses.flatMap(({ did, mlDsa44 }) => {
    const standing = standings.of(did)
    const who = `the witness ${memberWords(set, did)}`
    if (standing.status === 'revoked') {
      return [`${who} was revoked, and whoever has its keys is believed as a witness: ${TAKE_OFF}`]
    }
    if (standing.status !== 'member') return []
    // Of an identity's keys this one both proves who it is and signs.
    const keys = [...standing.membership.keys, ...admission.keysOf(did)]
    if (keys.includes(mlDsa44.multikey)) return []
    return [
      `${who} has other keys than it is listed with, and so witnesses nothing: ${TAKE_OFF}, then add it again (--add-witness)`,
    ]
  })
}
