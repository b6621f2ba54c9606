import { isPrintableName, ROLES_RULE } from '@warren/membership'
import { NodeError } from './node-error.ts'

/** What the names of roles and enclaves look like: safe in file names, policies and terminals. */
export const LABEL_PATTERN: RegExp = /^[a-z][a-z0-9-]{0,31}$/

/** The same in words. */
export const LABEL_RULE = 'has 1 to 32 of a-z, 0-9 and "-", and starts with a letter'

/**
 * Refuses names of roles that no membership could hold.
 *
 * @throws NodeError `role-malformed`
 */
export function checkRoles(roles: readonly string[]): void {
  const { countMax } = ROLES_RULE
  if (roles.length > countMax || new Set(roles).size < roles.length) {
    throw new NodeError('role-malformed', `name each role once, and at most ${countMax} of them`)
  }
  if (roles.every((role) => LABEL_PATTERN.test(role))) return
  throw new NodeError('role-malformed', `a role ${LABEL_RULE}`)
}

/**
 * Refuses names of nodes that no membership could hold.
 *
 * @throws NodeError `name-malformed`
 */
export function checkName(name: string): void {
  if (isPrintableName(name)) return
  throw new NodeError(
    'name-malformed',
    'the name of a node is one printable line of 1 to 64 characters',
  )
}

/**
 * Refuses the name of an enclave that no membership could hold.
 *
 * @throws NodeError `enclave-malformed`
 */
export function checkEnclave(enclave: string): void {
  if (LABEL_PATTERN.test(enclave)) return
  throw new NodeError('enclave-malformed', `an enclave ${LABEL_RULE}`)
}
