import type { Damage } from './explain-damage.ts'
import type { Finding } from './finding.ts'

/** A difference between what was signed and what stands there, in words. */
export function damageFinding(damage: Damage): Finding {
  const { code, place, seq, to } = damage
  return {
    code,
    severity: 'error',
    ...(place === undefined ? {} : { place }),
    ...(seq === undefined ? {} : { seq }),
    ...(to === undefined ? {} : { to }),
    sentence: sentenceOf(damage),
  }
}

function sentenceOf({ code, seq, to, place }: Damage): string {
  const where = place === undefined ? '' : ` (${place.segment}, line ${place.line})`
  const several = seq !== undefined && to !== undefined && to > seq + 1
  const what = several ? `Entries ${seq} to ${to - 1}` : `Entry ${seq ?? '?'}`
  if (code === 'entry-inserted') return `A line${where} was never signed.`
  if (code === 'entry-reordered') return `${what}${where} does not stand where it was signed.`
  if (code === 'entry-missing') {
    return `${what} ${several ? 'were' : 'was'} signed and ${several ? 'are' : 'is'} not there.`
  }
  return several
    ? `At least one of the entries ${seq} to ${to - 1} was changed after it was signed; without the tree beside the log nobody can tell which.`
    : `${what}${where} was changed after it was signed.`
}
