import { fromString } from 'uint8arrays/from-string'
import type { Entry } from '../entry.ts'
import { entryFields } from './entry-fields.ts'
import { formatCef, type Product } from './cef.ts'
import type { CopyMark } from './copy-mark.ts'
import { type EntryLevel, levelOf } from './entry-level.ts'
import { entrySentence } from './entry-sentence.ts'
import { visibleText } from './visible-text.ts'

/** RFC 5424 §6.2.1: log audit. */
const FACILITY = 13
const SEVERITIES: Readonly<Record<EntryLevel, number>> = {
  routine: 6,
  notable: 5,
  warning: 4,
  error: 3,
}
/** RFC 5424 §7.2.2 wants an enterprise number in a name of one's own; 32473 is the one that RFC 5612 reserves for whoever has none. */
const ELEMENT = 'warren@32473'
const BOM = '\uFEFF'

/**
 * An entry as a syslog message (RFC 5424) on one line: what it says as structured data, then one sentence.
 *
 * Escaping: `"`, `\` and `]` in values (§6.3.3); whatever could break a line is made visible before.
 */
export function formatSyslog(entry: Entry, mark: CopyMark = {}): string {
  const parameters = entryFields(entry).map(([name, value]) => `${name}="${escape(value)}"`)
  const element = [ELEMENT, ...parameters, ...resentParameter(mark)].join(' ')
  return `${headerOf(entry)} [${element}] ${BOM}${entrySentence(entry)}`
}

/** An entry as a syslog message whose text is the entry in Common Event Format; without a BOM, for readers that want `CEF:` first. */
export function formatCefSyslog(entry: Entry, product: Product, mark: CopyMark = {}): string {
  const data = mark.resent === true ? `[${[ELEMENT, ...resentParameter(mark)].join(' ')}]` : '-'
  return `${headerOf(entry)} ${data} ${formatCef(entry, product)}`
}

/** A message in the framing of RFC 5425 §4.3: its length in octets, a space, the message. */
export function frameSyslog(message: string): Uint8Array {
  const { length } = fromString(message, 'utf8')
  return fromString(`${length} ${message}`, 'utf8')
}

function headerOf(entry: Entry): string {
  const priority = FACILITY * 8 + SEVERITIES[levelOf(entry)]
  return `<${priority}>1 ${entry.at} ${entry.node} warren ${entry.boot} ${entry.kind}`
}

/** No entry has a member of that name, so no text of others can stand there. */
function resentParameter({ resent }: CopyMark): readonly string[] {
  return resent === true ? ['resent="1"'] : []
}

function escape(text: string): string {
  return visibleText(text).replaceAll(/["\\\]]/g, String.raw`\$&`)
}
