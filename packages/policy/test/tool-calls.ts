import {
  createPolicyEngine,
  type PolicyEngine,
  type PolicyEngineInit,
  type PolicyRequest,
  type ToolDefinition,
} from '@warren/policy'

/** A file server's tool with a declared path. */
export const READ_FILE: ToolDefinition = {
  server: 'fs',
  name: 'read_file',
  inputSchema: {
    type: 'object',
    properties: { path: { type: 'string' }, head: { type: 'number' } },
    required: ['path'],
    additionalProperties: false,
  },
  facts: { path: 'path' },
}

/** A database's tool with a declared query. */
export const QUERY: ToolDefinition = {
  server: 'db',
  name: 'query',
  inputSchema: { type: 'object', properties: { sql: { type: 'string' } }, required: ['sql'] },
  facts: { sql: 'sql' },
}

/** What a path below /data leads to. */
export const BELOW_DATA = {
  ok: true,
  asked: 'pumps/7.md',
  real: '/data/pumps/7.md',
  dirs: ['/', '/data', '/data/pumps', '/data/pumps/7.md'],
  name: '7.md',
  extension: 'md',
  exists: true,
  viaSymlink: false,
  hidden: false,
  hardlinks: 1,
  special: false,
  pseudo: false,
}

/** An engine of those rules, one file for each text. */
export function engineOf(
  texts: readonly string[],
  init: Omit<PolicyEngineInit, 'policies'> = {},
): PolicyEngine {
  const policies = texts.map((text, index) => ({ name: `${index}.cedar`, text }))
  return createPolicyEngine({ policies, ...init })
}

/** A call of `fs/read_file` by an operator. */
export function callOf(changes: Partial<PolicyRequest> = {}): PolicyRequest {
  return {
    caller: { did: 'did:webvh:QmA:warren.internal', roles: ['operator'], enclave: 'plant-a' },
    action: 'call',
    server: 'fs',
    tool: 'read_file',
    atMs: Date.UTC(2026, 10, 22, 10),
    ...changes,
  }
}

/** What a load throws, or undefined when it succeeds. */
export function loadErrorOf(...load: Parameters<typeof engineOf>): unknown {
  try {
    engineOf(...load)
    return undefined
  } catch (error) {
    return error
  }
}
