import type { EntityJson } from '@cedar-policy/cedar-wasm/nodejs'
import {
  type CedarQuestion,
  type CedarScope,
  serverEntity,
  toolEntity,
  type Uid,
  uid,
} from './cedar-request.ts'
import { keyOf } from './slicing/rule-scope.ts'

/** An entity that is there whether or not a request is about it. */
export interface NamedEntity {
  readonly key: string
  readonly entity: EntityJson
}

const SERVER = uid('Server', '').type
const TOOL = uid('Tool', '').type

/** What the engine would be given of some tools and servers if they were asked for: their ids say all of it. */
export function namedEntities(uids: readonly Uid[]): readonly NamedEntity[] {
  return uids.flatMap((named) => {
    const entity = entityOf(named)
    return entity === undefined ? [] : [{ key: keyOf(named), entity }]
  })
}

/** The same question with those of the entities that it has not. */
export function withNamed(
  question: CedarQuestion,
  { resource, server }: CedarScope,
  named: readonly NamedEntity[],
): CedarQuestion {
  const there = new Set([resource, server].map(keyOf))
  const others = named.filter(({ key }) => !there.has(key)).map(({ entity }) => entity)
  return { ...question, entities: [...question.entities, ...others] }
}

function entityOf(named: Uid): EntityJson | undefined {
  const [server = '', ...rest] = named.id.split('/')
  const isTool = rest.length > 0
  if (named.type === TOOL && isTool) return toolEntity(named, uid('Server', server), rest.join('/'))
  return named.type === SERVER && !isTool ? serverEntity(named, server) : undefined
}
