import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import type { PolicyFile } from '@warren/audit'
import { createPolicyEngine, type PolicyEngine, type PolicySource } from '@warren/policy'
import { policyFiles, policySetDigest } from './audit/policy-digest.ts'
import { NodeError } from './node-error.ts'

const FILES_MAX = 256
const FILE_BYTES_MAX = 1024 * 1024
/** Write rights of the group or of others. */
const FOREIGN_WRITE = 0o022

/** A policy set that can be put in force, and what names it in the audit log. */
export interface PolicySet {
  readonly engine: PolicyEngine
  /** Of all files, their names and their order. */
  readonly digest: string
  readonly files: readonly PolicyFile[]
}

/**
 * Reads every `*.cedar` file of a directory, in the order of their names. No file means that everything is refused.
 * With one more file, which is not written yet: says whether all would be in order.
 *
 * A file or directory that others may write is refused: it says who may use what this node offers.
 *
 * @throws PolicyError with the file and line, NodeError `policies-open`, `policies-unreadable`
 */
export function loadPolicies(directory: string, added?: PolicySource): PolicySet {
  const names = listFiles(directory)
  if (names.length + (added === undefined ? 0 : 1) > FILES_MAX) {
    throw new NodeError(
      'policies-unreadable',
      `${directory} may hold ${FILES_MAX} policy files at most`,
    )
  }
  const read = names.map((name) => ({ name, text: readPolicy(join(directory, name)) }))
  const policies = added === undefined ? read : [...read, added]
  const files = policyFiles(policies)
  return { engine: createPolicyEngine({ policies }), digest: policySetDigest(files), files }
}

function readPolicy(path: string): string {
  // Without waiting: a pipe would hold up the whole node.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new NodeError('policies-unreadable', `${path} is not a file`)
    if ((stats.mode & FOREIGN_WRITE) !== 0) {
      throw new NodeError('policies-open', `others may write ${path} (chmod 600)`)
    }
    if (stats.size > FILE_BYTES_MAX) {
      throw new NodeError('policies-unreadable', `${path} is larger than ${FILE_BYTES_MAX} bytes`)
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

function listFiles(directory: string): readonly string[] {
  try {
    if ((statSync(directory).mode & FOREIGN_WRITE) !== 0) {
      throw new NodeError('policies-open', `others may write in ${directory} (chmod 700)`)
    }
    return readdirSync(directory)
      .filter((name) => name.endsWith('.cedar'))
      .toSorted()
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    const message = `the policies in ${directory} cannot be read`
    throw new NodeError('policies-unreadable', message, { cause })
  }
}
