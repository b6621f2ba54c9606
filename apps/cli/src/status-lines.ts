import { isJsonObject, type JsonValue } from '@warren/core'
import { listMember } from '@warren/node/client'
import { shown } from './shown.ts'
import { table } from './table.ts'

/** The status of a node for people: what somebody should look into stands first, each on a line of its own. */
export function statusLines(answer: JsonValue): readonly string[] {
  const warnings = listMember(answer, 'warnings').map((warning) => `WARNING: ${shown(warning)}`)
  const entries = isJsonObject(answer) ? Object.entries(answer) : []
  const rows = entries
    .filter(([key]) => key !== 'warnings')
    .flatMap(([key, value]) => (key === 'exports' ? exportRows(answer) : [[key, shown(value)]]))
  return [...warnings, ...table(rows)]
}

/** A row for each receiver of the audit log. */
function exportRows(answer: JsonValue): readonly (readonly string[])[] {
  return listMember(answer, 'exports').map((copy) => [
    `export ${shown(member(copy, 'target'))}`,
    exportShown(copy),
  ])
}

/** How far a receiver has come, in a few words. */
function exportShown(copy: JsonValue): string {
  const [behind, since, trouble] = ['behind', 'since', 'trouble'].map((key) => member(copy, key))
  const delay = since === null ? '' : ` since ${shown(since)}`
  return [
    `${shown(member(copy, 'format'))} over ${shown(member(copy, 'transport'))}`,
    behind === 0 ? 'up to date' : `${shown(behind)} behind${delay}`,
    ...(isJsonObject(trouble) ? [`${shown(trouble['code'])}: ${shown(trouble['message'])}`] : []),
  ].join(', ')
}

function member(value: JsonValue, key: string): JsonValue {
  return isJsonObject(value) ? (value[key] ?? null) : null
}
