/** What a terminal obeys instead of showing it, or shows in another order than it stands: peers and servers choose much of what is printed. */
const HIDDEN_IN_TEXT = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\n\t\u200c\u200d]]/gv
const HIDDEN_IN_LINE = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\u200c\u200d]]/gv

/** Text of any number of lines, with whatever would act on a terminal written out. */
export function visibleText(text: string): string {
  return text.replaceAll(HIDDEN_IN_TEXT, writtenOut)
}

/** One line, whatever the text: a line break in it is written out too. */
export function visibleLine(text: string): string {
  return text.replaceAll(HIDDEN_IN_LINE, writtenOut)
}

/** JSON with the same written out as JSON allows it, so that the value stays; its own line breaks stay too. */
export function visibleJson(json: string): string {
  return json.replaceAll(HIDDEN_IN_TEXT, (character) =>
    [...Array(character.length).keys()]
      .map((index) => String.raw`\u${hex(character.charCodeAt(index))}`)
      .join(''),
  )
}

function writtenOut(character: string): string {
  return String.raw`\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

function hex(unit: number): string {
  return unit.toString(16).padStart(4, '0')
}
