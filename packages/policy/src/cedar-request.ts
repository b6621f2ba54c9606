import type { Context, Entities, EntityJson, EntityUid } from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicyRequest } from './policy-request.ts'
import { NAMESPACE } from './vocabulary/policy-schema.ts'

/** One entity, always built here from strings alone. */
export interface Uid {
  readonly type: string
  readonly id: string
}

/** Who asks for what, in the engine's terms. */
export interface CedarScope {
  readonly principal: Uid
  /** What the caller stands in. */
  readonly roles: readonly Uid[]
  readonly action: Uid
  readonly resource: Uid
  /** The server that the resource is, or stands in. */
  readonly server: Uid
}

/** What the engine is asked. */
export interface CedarQuestion {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: Context
  readonly entities: Entities
}

/**
 * Writes who asks for what. Every name that comes from outside ends up as a string inside a fixed
 * shape, so none can be read as an entity or an extension value.
 */
export function cedarScope({ caller, server, tool }: PolicyRequest, action: string): CedarScope {
  const serverUid = uid('Server', server)
  return {
    principal: uid('Caller', caller.did),
    roles: caller.roles.map((role) => uid('Role', role)),
    action: uid('Action', action),
    resource: tool === undefined ? serverUid : uid('Tool', toolId(server, tool)),
    server: serverUid,
  }
}

/** The id of a tool, as an entity and as an action. */
export function toolId(server: string, tool: string): string {
  return `${server}/${tool}`
}

/** Writes the whole question. */
export function cedarQuestion(
  { caller, server: serverName, tool }: PolicyRequest,
  { principal, roles, action, resource, server }: CedarScope,
  context: Context,
): CedarQuestion {
  const entities: Entities = [
    {
      uid: principal,
      attrs: { did: caller.did, enclave: caller.enclave },
      parents: [...roles],
    },
    serverEntity(server, serverName),
  ]
  if (tool !== undefined) entities.push(toolEntity(resource, server, tool))
  return { principal, action, resource, context, entities }
}

/** A server as the engine is given it. */
export function serverEntity(self: Uid, name: string): EntityJson {
  return { uid: self, attrs: { name }, parents: [] }
}

/** A tool as the engine is given it. */
export function toolEntity(self: Uid, server: Uid, name: string): EntityJson {
  return { uid: self, attrs: { name }, parents: [server] }
}

/** Names an entity of this vocabulary. */
export function uid(type: string, id: string): Uid {
  return { type: `${NAMESPACE}::${type}`, id }
}
