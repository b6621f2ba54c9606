import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createPolicyEngine, type PolicyEngine, type PolicySource } from '@warren/policy'
import { NodeError } from './node-error.ts'

const FILES_MAX = 256
const FILE_BYTES_MAX = 1024 * 1024

/**
 * Reads every `*.cedar` file of a directory, in the order of their names. No file means that everything is refused.
 * With one more file, which is not written yet: says whether all would be in order.
 *
 * @throws PolicyError with the file and line, NodeError `not-initialised` where there is no directory.
 */
export function loadPolicies(directory: string, added?: PolicySource): PolicyEngine {
  const names = listFiles(directory)
  if (names.length + (added === undefined ? 0 : 1) > FILES_MAX) {
    throw new NodeError(
      'policies-unreadable',
      `${directory} may hold ${FILES_MAX} policy files at most`,
    )
  }
  const policies = names.map((name) => {
    const path = join(directory, name)
    if (statSync(path).size > FILE_BYTES_MAX) {
      throw new NodeError('policies-unreadable', `${path} is larger than ${FILE_BYTES_MAX} bytes`)
    }
    return { name, text: readFileSync(path, 'utf8') }
  })
  return createPolicyEngine({ policies: added === undefined ? policies : [...policies, added] })
}

function listFiles(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => name.endsWith('.cedar'))
      .toSorted()
  } catch (cause) {
    const message = `the policies in ${directory} cannot be read`
    throw new NodeError('policies-unreadable', message, { cause })
  }
}
