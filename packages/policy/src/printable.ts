const NAME_SHOWN_MAX = 80

/** A name that a stranger chose, made safe for a terminal and a chat window: short, no invisible characters. */
export function printable(text: string): string {
  const short = text.length > NAME_SHOWN_MAX ? `${text.slice(0, NAME_SHOWN_MAX)}…` : text
  return short.replaceAll(/[\p{C}\p{Z}"\\]/gu, (character) =>
    character === ' ' ? ' ' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  )
}
