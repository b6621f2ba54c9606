import { parseMicros } from '../entry-time.ts'
import type { Entry } from '../entry.ts'
import { type EntryLevel, levelOf } from './entry-level.ts'
import { entrySentence } from './entry-sentence.ts'
import { visibleText } from './visible-text.ts'

/** Who wrote the entry, as the receiver knows products. */
export interface Product {
  readonly version: string
}

/** CEF counts from 0 to 10. */
const SEVERITIES: Readonly<Record<EntryLevel, number>> = {
  routine: 1,
  notable: 3,
  warning: 6,
  error: 9,
}

/**
 * An entry in Common Event Format, version 0, on one line without its newline.
 *
 * Escaping: `\` and `|` in the header, `\` and `=` in the extension; whatever could break a line is made visible before.
 */
export function formatCef(entry: Entry, product: Product): string {
  const id = entry.kind === 'alert' ? entry.code : entry.kind
  const header = ['Warren', 'Warren', product.version, id, nameOf(entry)].map(escapeHeader)
  const extension = extensionOf(entry)
    .map(([key, value]) => `${key}=${escapeExtension(value)}`)
    .join(' ')
  return `CEF:0|${header.join('|')}|${SEVERITIES[levelOf(entry)]}|${extension}`
}

function nameOf(entry: Entry): string {
  if (entry.kind === 'request') return entry.sent ? 'call sent' : 'call not sent'
  if (entry.kind !== 'decision') return `audit ${entry.kind}`
  return entry.allowed ? 'call allowed' : 'call refused'
}

type Pair = readonly [string, string]

/** CEF `deviceDirection`: whether what is told of came to the device, or from it. */
const INBOUND: readonly Pair[] = [['deviceDirection', '0']]
const OUTBOUND: readonly Pair[] = [['deviceDirection', '1']]

function extensionOf(entry: Entry): readonly Pair[] {
  return [
    ['rt', String(Math.floor(parseMicros(entry.at) / 1000))],
    ['externalId', String(entry.seq)],
    ['deviceExternalId', entry.node],
    ...ofKind(entry),
    ['msg', entrySentence(entry)],
  ]
}

function ofKind(entry: Entry): readonly Pair[] {
  if (entry.kind === 'decision') {
    return [
      ['act', entry.allowed ? 'allowed' : 'refused'],
      ...INBOUND,
      ['suser', entry.caller],
      ['duser', entry.node],
      ['spriv', entry.roles.join(',')],
      ['app', 'mcp'],
      ['request', entry.method],
      ['in', String(entry.bytes)],
      ...labelled('cs1', 'server', entry.server),
      ...labelled('cs2', 'tool', entry.tool),
      ...labelled('cs3', 'rule', entry.rule),
      ...labelled('cs4', 'call', entry.call),
      ...labelled('cs5', 'policy', entry.policy),
      ...labelled('cs6', 'approval', entry.approval),
      ...reason(entry.code),
    ]
  }
  if (entry.kind === 'result') {
    return [
      ...INBOUND,
      ['outcome', entry.outcome],
      ['out', String(entry.bytes)],
      ...labelled('cs4', 'call', entry.call),
      ...labelled('cn1', 'decision', String(entry.decision)),
      ...labelled('cn2', 'durationUs', String(entry.durationUs)),
      ...reason(entry.code),
    ]
  }
  return ofOther(entry)
}

/** Calls of this node's hosts: here it is the source, and the provider the destination. */
function ofOutgoing(entry: Extract<Entry, { kind: 'request' | 'response' }>): readonly Pair[] {
  if (entry.kind === 'response') {
    return [
      ...OUTBOUND,
      ['outcome', entry.outcome],
      ['out', String(entry.bytes)],
      ...labelled('cs4', 'call', entry.call),
      ...labelled('cn1', 'request', String(entry.request)),
      ...labelled('cn2', 'durationUs', String(entry.durationUs)),
      ...reason(entry.code),
    ]
  }
  return [
    ['act', entry.sent ? 'sent' : 'not-sent'],
    ...OUTBOUND,
    ['suser', entry.node],
    ...(entry.provider === undefined ? [] : [['duser', entry.provider] as const]),
    ['app', 'mcp'],
    ['request', entry.method],
    ...(entry.client === undefined ? [] : [['requestClientApplication', entry.client] as const]),
    ['in', String(entry.bytes)],
    ...labelled('cs1', 'server', entry.server),
    ...labelled('cs2', 'tool', entry.tool),
    ...labelled('cs3', 'door', entry.door),
    ...labelled('cs4', 'call', entry.call),
    ...labelled('cs5', 'session', entry.session),
    ...reason(entry.code),
  ]
}

function ofOther(entry: Entry): readonly Pair[] {
  if (entry.kind === 'request' || entry.kind === 'response') return ofOutgoing(entry)
  if (entry.kind === 'approval') {
    return [
      ['act', entry.event],
      ['suser', entry.caller],
      ...labelled('cs1', 'server', entry.server),
      ...labelled('cs2', 'tool', entry.tool),
      ...labelled('cs6', 'approval', entry.approval),
    ]
  }
  if (entry.kind === 'standing') return [['duser', entry.did], ...reason(entry.code)]
  return entry.kind === 'alert' ? reason(entry.code) : []
}

function labelled(key: string, label: string, value: string | undefined): readonly Pair[] {
  if (value === undefined) return []
  return [
    [`${key}Label`, label],
    [key, value],
  ]
}

function reason(code: string | undefined): readonly Pair[] {
  return code === undefined ? [] : [['reason', code]]
}

function escapeHeader(text: string): string {
  return visibleText(text).replaceAll(/[\\|]/g, String.raw`\$&`)
}

function escapeExtension(text: string): string {
  return visibleText(text).replaceAll(/[\\=]/g, String.raw`\$&`)
}
