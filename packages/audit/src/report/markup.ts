import { visibleText } from '../forms/visible-text.ts'

/** Text that is safe to stand in a page as it is: everything in it that was text has been escaped. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Markup with values in it: whatever is put in is escaped, unless it is markup itself. */
export function markup(
  parts: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  const texts = values.map(textOf)
  return new Markup(parts.map((part, index) => `${part}${texts[index] ?? ''}`).join(''))
}

function textOf(value: string | number | Markup | readonly Markup[]): string {
  if (value instanceof Markup) return value.text
  if (typeof value === 'object') return value.map(({ text }) => text).join('')
  return visibleText(String(value)).replaceAll(
    /[&<>"']/g,
    (character) => ESCAPES[character] ?? character,
  )
}
