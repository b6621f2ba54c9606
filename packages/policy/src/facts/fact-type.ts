import type { DeclaredArgument } from './fact-declarations.ts'

/** What shape the fact of an argument has; the plural ones speak of a list. */
export type FactType = 'path' | 'paths' | 'url' | 'urls' | 'sql' | 'shell' | 'regex' | 'json'

/** The shape that the fact of an argument will have, in every call that has the argument. */
export function factTypeOf({ address, declaration }: DeclaredArgument): FactType {
  const { type } = declaration
  if (!address.isList) return type
  // Declarations of other lists do not load.
  return type === 'path' ? 'paths' : 'urls'
}
