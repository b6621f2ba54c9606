import type { AggregateLimits } from './aggregate-limits.ts'
import type { MergedItem } from './merge-lists.ts'
import { RpcRefusal } from './rpc-refusal.ts'

const CURSOR_LENGTH_MAX = 8_192
const PLACE = /^\P{Cc}+\0\P{Cc}+$/u

export interface Page {
  readonly items: readonly MergedItem[]
  readonly nextCursor?: string
}

/**
 * One page of a merged list. The cursor says after which item it begins, so that a list which has
 * changed in between is neither repeated nor cut.
 *
 * @throws RpcRefusal `params-invalid`
 */
export function pageOf(
  all: readonly MergedItem[],
  cursor: unknown,
  { pageItemsMax, pageLengthMax }: Pick<AggregateLimits, 'pageItemsMax' | 'pageLengthMax'>,
): Page {
  const after = cursor === undefined ? undefined : decode(cursor)
  const rest = after === undefined ? all : all.filter((item) => placeOf(item) > after)
  let length = 0
  const end = rest.findIndex(({ shown }, index) => {
    length += JSON.stringify(shown).length
    return index > 0 && (index >= pageItemsMax || length > pageLengthMax)
  })
  if (end === -1) return { items: rest }
  const items = rest.slice(0, end)
  const last = items.at(-1)
  return last === undefined ? { items } : { items, nextCursor: encode(placeOf(last)) }
}

/** Sorts as the list does: by key, then by alias; no key holds a control character. */
function placeOf({ key, server }: MergedItem): string {
  return `${key}\0${server.alias}`
}

function encode(place: string): string {
  return Buffer.from(place).toString('base64url')
}

function decode(cursor: unknown): string {
  if (typeof cursor === 'string' && cursor.length <= CURSOR_LENGTH_MAX) {
    const place = Buffer.from(cursor, 'base64url').toString('utf8')
    if (PLACE.test(place) && encode(place) === cursor) return place
  }
  throw new RpcRefusal('params-invalid', 'the cursor is not one of ours')
}
