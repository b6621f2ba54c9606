import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addServers } from './config/edit-config.ts'
import { loadConfig } from './config/load-config.ts'
import { SERVER_NAME_PATTERN, type ServerConfig } from './config/server-config.ts'
import { checkRoles } from './label.ts'
import { loadPolicies, retirePolicies } from './load-policies.ts'
import { NodeError } from './node-error.ts'

const SHOWN_LENGTH_MAX = 80

export interface AddServerInit {
  readonly directory: string
  readonly name: string
  readonly definition: ServerConfig
  /** Roles that may use all of the server; a policy file is written for them. */
  readonly allowRoles: readonly string[]
}

export interface AddedServer {
  readonly configFile: string
  /** The file with the rule, where one was asked for. */
  readonly policyFile?: string
}

/**
 * Adds a server to `warren.yaml` and, where roles are named, the rule that opens it to them.
 * Everything is checked first and written then.
 *
 * @throws ConfigError, PolicyError, NodeError `policy-exists`, `policy-set-signed`, `policies-unreadable`, `role-malformed`, `server-malformed`
 */
export function addServer({ directory, name, definition, allowRoles }: AddServerInit): AddedServer {
  if (!SERVER_NAME_PATTERN.test(name)) throw noServerName(name)
  checkRoles(allowRoles)
  const { policies, policy } = loadConfig(directory)
  if (allowRoles.length > 0 && policy !== undefined) {
    throw new NodeError(
      'policy-set-signed',
      'the policy set of this node is signed; add the rule to the set and have it signed',
    )
  }
  if (allowRoles.length === 0) return addServers(directory, { [name]: definition })
  const text = ruleText(name, allowRoles)
  const fileName = `serve-${name}.cedar`
  const policyFile = join(policies, fileName)
  if (existsSync(policyFile)) {
    throw new NodeError(
      'policy-exists',
      `${policyFile} is there already; edit it instead of using --allow-role`,
    )
  }
  // Before anything is written: beside a file that cannot be used, the rule would open nothing.
  retirePolicies(loadPolicies(policies, { name: fileName, text }))
  const added = addServers(directory, { [name]: definition })
  writeFileSync(policyFile, text, { mode: 0o600, flag: 'wx' })
  return { ...added, policyFile }
}

function noServerName(name: string): NodeError {
  const message = `${JSON.stringify(name.slice(0, SHOWN_LENGTH_MAX))} is no name of a server: it has 1 to 32 characters of a-z, 0-9 and "-", and begins with a letter`
  return new NodeError('server-malformed', message)
}

function ruleText(name: string, roles: readonly string[]): string {
  const rules = roles.map(
    (role) =>
      `@id("serve-${name}-${role}")\npermit (principal in Warren::Role::"${role}", action, resource in Warren::Server::"${name}");\n`,
  )
  return `// Written by "warren serve": these roles may use everything that "${name}" offers.\n${rules.join('\n')}`
}
