import { isJsonObject, type JsonValue } from '@warren/core'
import { listMember } from '@warren/node/client'
import { shown } from './shown.ts'
import { table } from './table.ts'

/** The status of a node for people: what somebody should look into stands first, each on a line of its own. */
export function statusLines(answer: JsonValue): readonly string[] {
  const warnings = listMember(answer, 'warnings').map((warning) => `WARNING: ${shown(warning)}`)
  const entries = isJsonObject(answer) ? Object.entries(answer) : []
  const rows = entries.filter(([key]) => key !== 'warnings')
  return [...warnings, ...table(rows.map(([key, value]) => [key, shown(value)]))]
}
