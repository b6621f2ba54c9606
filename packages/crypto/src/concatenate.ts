/** Joins the parts in a new array; a single part is returned as it is, uncopied. */
export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = parts
  if (first !== undefined && others.length === 0) return first

  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
