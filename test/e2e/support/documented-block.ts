import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const OPERATIONS = join(import.meta.dirname, '../../../docs/operations')

/** The block of text that stands in a page of docs/operations behind the first line that begins with the name of a file. */
export function documentedBlock(page: string, file: string): string {
  const text = readFileSync(join(OPERATIONS, page), 'utf8')
  const [, behind = ''] = text.split(`\n\`policies/${file}\``)
  const block = /```\w*\n([\s\S]*?)```/.exec(behind)?.[1]
  if (block === undefined) throw new Error(`${page} shows no policies/${file}`)
  return block
}
