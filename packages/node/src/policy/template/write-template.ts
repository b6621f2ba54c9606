import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivateFile } from '@warren/storage'
import { makePolicySet, retirePolicies } from '../../load-policies.ts'
import { NodeError } from '../../node-error.ts'
import { readFactFile } from '../read-fact-file.ts'
import { type PolicySetFiles, readPolicyFiles, withRules } from '../read-policy-files.ts'
import { fillTemplate, type TemplateWish } from './policy-template.ts'

/** The files that a template became. */
export interface WrittenTemplate {
  readonly rules: string
  /** Absent where no argument is declared. */
  readonly facts?: string
}

/**
 * Writes a policy by a template beside those that are there: a rule file of its own, and what is added to `facts.yaml`.
 * All files together are checked first, and nothing that is there is replaced.
 *
 * @throws NodeError `policy-exists`, `policy-template-invalid`, `role-malformed`, PolicyError, StorageError
 */
export async function writeTemplate(
  policies: string,
  wish: TemplateWish,
): Promise<WrittenTemplate> {
  const { rules: text, facts } = fillTemplate(wish)
  const name = `${wish.server}-${wish.template}.cedar`
  const file = join(policies, name)
  if (existsSync(file)) throw new NodeError('policy-exists', `${file} is there already`)
  const read = readPolicyFiles(policies)
  const declared = facts.find(([tool]) => read.declarations.tools().includes(tool))
  if (declared !== undefined) {
    throw new NodeError('policy-exists', `facts.yaml declares ${declared[0]} already`)
  }
  const lines = facts.map(([tool, says]) => `${JSON.stringify(tool)}: ${JSON.stringify(says)}\n`)
  const after = withRules(withFacts(read, lines), { name, text })
  retirePolicies(makePolicySet(after))
  const bytes = Buffer.from(text)
  await writePrivateFile({ path: file, bytes, replace: false })
  const [declarations] = after.facts
  if (lines.length === 0 || declarations === undefined) return { rules: file }
  const path = join(policies, declarations.name)
  await writePrivateFile({ path, bytes: Buffer.from(declarations.text), replace: true })
  return { rules: file, facts: path }
}

/** The same files, with more declarations behind those that are there. */
function withFacts(read: PolicySetFiles, lines: readonly string[]): PolicySetFiles {
  if (lines.length === 0) return read
  const [before] = read.facts
  const kept = before?.text.trim() ?? ''
  const text = `${kept === '' || kept === '{}' ? '' : `${kept}\n`}# By "warren policy new".\n${lines.join('')}`
  const facts = { name: before?.name ?? 'facts.yaml', text }
  return { ...read, facts: [facts], declarations: readFactFile(facts).declarations }
}
