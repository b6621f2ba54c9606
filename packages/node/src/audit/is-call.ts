import type { MethodClassification } from '@warren/policy'

/** What does something, or gives something away; looking at what there is, and the life of a session, are neither. */
export function isCall(kind: MethodClassification): boolean {
  return typeof kind === 'object' && kind.action !== 'list'
}
