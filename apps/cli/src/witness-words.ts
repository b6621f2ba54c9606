/** What follows from who the witnesses are. */
export function witnessWords({
  isWitness,
  witnesses,
}: {
  readonly isWitness: boolean
  readonly witnesses: readonly unknown[]
}): readonly string[] {
  const count = witnesses.length + (isWitness ? 1 : 0)
  if (count === 0) {
    return ['The mesh has no witness: no node can tell whether what it knows is fresh.']
  }
  if (count > 1) return []
  return [
    `The mesh has one witness${isWitness ? ', this node' : ''}: other nodes stop trusting 30 minutes after its last sign of life.`,
    'Add witnesses with "warren admin change --add-witness".',
  ]
}
