import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { createPolicyEngine, type PolicyEngine } from '@warren/policy'
import { NodeError } from './node-error.ts'

const FILES_MAX = 256
const FILE_BYTES_MAX = 1024 * 1024

/**
 * Reads every `*.cedar` file of a directory, in the order of their names. No file means that everything is refused.
 *
 * @throws PolicyError with the file and line, NodeError `not-initialised` where there is no directory.
 */
export function loadPolicies(directory: string): PolicyEngine {
  const names = listFiles(directory)
  const policies = names.map((name) => {
    const path = join(directory, name)
    if (statSync(path).size > FILE_BYTES_MAX) {
      throw new NodeError('policies-unreadable', `${path} is larger than ${FILE_BYTES_MAX} bytes`)
    }
    return { name, text: readFileSync(path, 'utf8') }
  })
  return createPolicyEngine({ policies })
}

function listFiles(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.cedar'))
    if (names.length > FILES_MAX) {
      throw new NodeError(
        'policies-unreadable',
        `${directory} holds more than ${FILES_MAX} policy files`,
      )
    }
    return names.toSorted()
  } catch (error) {
    if (error instanceof NodeError) throw error
    throw new NodeError('policies-unreadable', `the policies in ${directory} cannot be read`, {
      cause: error,
    })
  }
}
