import type { Context, Entities, EntityUid } from '@cedar-policy/cedar-wasm/nodejs'
import type { PolicyRequest } from './policy-request.ts'
import { NAMESPACE } from './policy-schema.ts'

/** What the engine is asked: identifiers and entities, built here from strings alone. */
export interface CedarQuestion {
  readonly principal: EntityUid
  readonly action: EntityUid
  readonly resource: EntityUid
  readonly context: Context
  readonly entities: Entities
}

/**
 * Writes a request in the engine's terms.
 *
 * Every value that comes from outside ends up as a string inside a fixed shape, so no name can be
 * read as an entity or an extension value.
 */
export function cedarQuestion({
  caller,
  action,
  server,
  tool,
  atMs,
}: PolicyRequest): CedarQuestion {
  const principal = uid('Caller', caller.did)
  const serverUid = uid('Server', server)
  const entities: Entities = [
    {
      uid: principal,
      attrs: { did: caller.did, enclave: caller.enclave },
      parents: caller.roles.map((role) => uid('Role', role)),
    },
    { uid: serverUid, attrs: { name: server }, parents: [] },
  ]
  const resource = tool === undefined ? serverUid : uid('Tool', `${server}/${tool}`)
  if (tool !== undefined) {
    entities.push({ uid: resource, attrs: { name: tool }, parents: [serverUid] })
  }
  return {
    principal,
    action: uid('Action', action),
    resource,
    context: { at: datetime(atMs) },
    entities,
  }
}

function uid(type: string, id: string): { type: string; id: string } {
  return { type: `${NAMESPACE}::${type}`, id }
}

function datetime(atMs: number): Context[string] {
  const epoch = { __extn: { fn: 'datetime', arg: '1970-01-01' } }
  const since = { __extn: { fn: 'duration', arg: `${atMs}ms` } }
  return { __extn: { fn: 'offset', args: [epoch, since] } }
}
