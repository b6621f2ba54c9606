import {
  decodeEntry,
  formatCefSyslog,
  formatJsonLine,
  formatOcsf,
  formatSyslog,
  frameSyslog,
  type Product,
} from '@warren/audit'
import type { StoredEntry } from '@warren/storage'
import type { ExportTarget } from './export-target.ts'

export interface CopyStyle {
  readonly target: Pick<ExportTarget, 'format' | 'transport'>
  readonly product: Product
}

/** An entry as the bytes that a receiver is sent, framed; RELP frames them itself. */
export function encodeCopy(style: CopyStyle, stored: StoredEntry, resent: boolean): Uint8Array {
  const { target, product } = style
  const entry = decodeEntry(stored.bytes)
  switch (target.format) {
    case 'syslog':
      return framed(target, formatSyslog(entry, { resent }))
    case 'cef':
      return framed(target, formatCefSyslog(entry, product, { resent }))
    case 'ocsf':
      return Buffer.from(`${formatOcsf(entry, product, { resent })}\n`)
    case 'jsonl':
    default:
      return Buffer.from(formatJsonLine(entry, { resent }))
  }
}

/** RFC 6587 §3.4.1 and RFC 5425 §4.3 count octets; a file has a line for each message. */
function framed({ transport }: CopyStyle['target'], message: string): Uint8Array {
  if (transport === 'file') return Buffer.from(`${message}\n`)
  return transport === 'tcp' || transport === 'tls' ? frameSyslog(message) : Buffer.from(message)
}
