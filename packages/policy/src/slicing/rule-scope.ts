import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs'
import { isJsonObject } from '@warren/core'
import { type CedarScope, type Uid, uid } from '../cedar-request.ts'
import { CALL } from '../vocabulary/policy-schema.ts'

/** What one part of a request is and stands in, as keys. */
export interface Place {
  readonly self: string
  readonly type: string
  /** Itself and what it stands in. */
  readonly within: ReadonlySet<string>
}

/** The three parts of a request that the head of a rule speaks of. */
export interface Places {
  readonly principal: Place
  readonly action: Place
  readonly resource: Place
}

type Head = Pick<PolicyJson, 'principal' | 'action' | 'resource'>

/** Where a request stands. */
export function placesOf({ principal, roles, action, resource, server }: CedarScope): Places {
  return {
    principal: placeOf(principal, roles),
    action: actionPlace(action),
    resource: placeOf(resource, [server]),
  }
}

/** Where an action stands: that of a tool in the group of all calls. */
export function actionPlace(action: Uid): Place {
  return placeOf(action, action.id.includes('/') ? [uid('Action', CALL)] : [])
}

/**
 * Says whether the head of a rule can match a request. "No" is certain: the engine would stop at the
 * head and look at no condition. What this does not understand is a yes.
 */
export function headMatches({ principal, action, resource }: Head, places: Places): boolean {
  return (
    actionMatches(action, places.action) &&
    partMatches(resource, places.resource) &&
    partMatches(principal, places.principal)
  )
}

/** Says whether the head of a rule can match an action. */
export function actionMatches(constraint: Head['action'], place: Place): boolean {
  return partMatches(constraint, place)
}

/** The entities that the head of a rule names. */
export function namedIn({ principal, action, resource }: Head): readonly string[] {
  return [principal, action, resource].flatMap((part) => entitiesOf(part).map(keyOf))
}

function partMatches(constraint: unknown, { self, type, within }: Place): boolean {
  if (!isJsonObject(constraint)) return true
  const keys = entitiesOf(constraint).map(keyOf)
  const isWithin = keys.length === 0 || keys.some((key) => within.has(key))
  const { op } = constraint
  if (op === '==') return keys.length === 0 || keys.includes(self)
  if (op === 'in') return isWithin
  return op === 'is' ? constraint['entity_type'] === type && isWithin : true
}

/** `== e`, `in e`, `in [e, f]` and `is T in e` keep their entities in these three places. */
function entitiesOf(constraint: unknown): readonly Uid[] {
  if (!isJsonObject(constraint)) return []
  const { entity, entities, in: inside } = constraint
  const listed = Array.isArray(entities) ? entities : []
  return [entity, ...listed, ...(inside === undefined ? [] : entitiesOf(inside))].flatMap(
    (each) => uidOf(each) ?? [],
  )
}

/** The entity that a part of the engine's syntax tree names, if it names one. */
export function uidOf(value: unknown): Uid | undefined {
  if (!isJsonObject(value)) return undefined
  const { type, id } = value
  return typeof type === 'string' && typeof id === 'string'
    ? { type, id }
    : uidOf(value['__entity'])
}

function placeOf(self: Uid, parents: readonly Uid[]): Place {
  return { self: keyOf(self), type: self.type, within: new Set([self, ...parents].map(keyOf)) }
}

/** An entity as a key. */
export function keyOf({ type, id }: Uid): string {
  return `${type}::${id}`
}
