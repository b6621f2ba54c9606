import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const DOCS = join(import.meta.dirname, '../../docs')
const PROMISE = /^- \*\*([A-Z]+-\d+)\*\* (.+)$/gm

/**
 * Every promise of the documentation by its id: the requirements of docs/specs and the threats of
 * docs/threat-model.md. A line reads "- **POL-2** A deny rule MUST ...".
 */
export function readRequirements(docs: string = DOCS): ReadonlyMap<string, string> {
  const requirements = new Map<string, string>()
  for (const file of pages(docs)) {
    for (const [, id = '', text = ''] of readFileSync(join(docs, file), 'utf8').matchAll(PROMISE)) {
      if (requirements.has(id)) throw new Error(`${file}: ${id} stands twice`)
      requirements.set(id, text)
    }
  }
  return requirements
}

function pages(docs: string): readonly string[] {
  const specs = readdirSync(join(docs, 'specs')).filter((name) => name.endsWith('.md'))
  return [...specs.map((name) => join('specs', name)), 'threat-model.md']
}

/** What a run shows of one test. */
export interface SettledTest {
  readonly tags: readonly string[]
  readonly state: 'passed' | 'failed' | 'skipped' | 'pending'
}

/**
 * The ids that no test proves. A test that was skipped counts: what it needs of the machine is
 * missing here, and the run says so itself.
 */
export function unprovedIds(
  requirements: ReadonlyMap<string, string>,
  tests: readonly SettledTest[],
): readonly string[] {
  const proved = new Set(
    tests.filter(({ state }) => state !== 'failed').flatMap(({ tags }) => tags),
  )
  return [...requirements.keys()].filter((id) => !proved.has(id))
}
