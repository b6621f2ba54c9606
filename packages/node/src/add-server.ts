import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { addServers } from './config/edit-config.ts'
import { loadConfig } from './config/load-config.ts'
import type { ServerConfig } from './config/server-config.ts'
import { loadPolicies } from './load-policies.ts'
import { NodeError } from './node-error.ts'

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

const ROLE_PATTERN = /^[a-z][a-z0-9-]{0,31}$/

/**
 * Adds a server to `warren.yaml` and, where roles are named, the rule that opens it to them.
 *
 * @throws ConfigError, PolicyError, NodeError `policy-exists`, `role-malformed`
 */
export function addServer({ directory, name, definition, allowRoles }: AddServerInit): AddedServer {
  const { policies } = loadConfig(directory)
  if (allowRoles.length === 0) return addServers(directory, { [name]: definition })
  const text = ruleText(name, allowRoles)
  const policyFile = join(policies, `serve-${name}.cedar`)
  if (existsSync(policyFile)) {
    throw new NodeError(
      'policy-exists',
      `${policyFile} is there already; edit it instead of using --allow-role`,
    )
  }
  const added = addServers(directory, { [name]: definition })
  writeFileSync(policyFile, text, { mode: 0o600, flag: 'wx' })
  loadPolicies(policies).retire()
  return { ...added, policyFile }
}

function ruleText(name: string, roles: readonly string[]): string {
  const rules = roles.map((role) => {
    if (!ROLE_PATTERN.test(role)) {
      throw new NodeError(
        'role-malformed',
        'a role has 1 to 32 of a-z, 0-9 and "-", and starts with a letter',
      )
    }
    return `@id("serve-${name}-${role}")\npermit (principal in Warren::Role::"${role}", action, resource in Warren::Server::"${name}");\n`
  })
  return `// Written by "warren serve": these roles may use everything that "${name}" offers.\n${rules.join('\n')}`
}
