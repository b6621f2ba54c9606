/** What a reader cannot see, and what could act on a terminal, a line or a page: controls, formats, unassigned, separators. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu

/** Text of others, with every character that could act instead of being read written as `\u{…}`. */
export function visibleText(text: string): string {
  return text.replaceAll(
    INVISIBLE,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
