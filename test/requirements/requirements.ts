import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const SPECS = join(import.meta.dirname, '../../docs/specs')
const REQUIREMENT = /\*\*([A-Z]+-\d+)\*\* (.+)/g

/** Every requirement of docs/specs by its id. A spec line reads "**POL-2** A deny rule MUST ...". */
export function readRequirements(): ReadonlyMap<string, string> {
  const requirements = new Map<string, string>()
  for (const file of readdirSync(SPECS).filter((name) => name.endsWith('.md'))) {
    for (const [, id = '', text = ''] of readFileSync(join(SPECS, file), 'utf8').matchAll(
      REQUIREMENT,
    )) {
      if (requirements.has(id)) throw new Error(`${file}: requirement ${id} stands twice`)
      requirements.set(id, text)
    }
  }
  return requirements
}
