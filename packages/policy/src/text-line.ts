/** The line of a place in a text, counted from 1; the engine counts in bytes of UTF-8. */
export function lineAtByte(text: string, start: number | undefined): number | undefined {
  if (start === undefined) return undefined
  let bytes = 0
  let line = 1
  for (const character of text) {
    if (bytes >= start) break
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4
    if (character === '\n') line += 1
  }
  return line
}

/** The line of a place in a text, counted from 1; undefined for an index that is none. */
export function lineAtIndex(text: string, index: number): number | undefined {
  return index === -1 ? undefined : text.slice(0, index).split('\n').length
}
