/** Whose work is meant: that of one caller, of one server, or where nothing is named all of it. */
export interface Scope {
  readonly did?: string
  readonly server?: string
}

/** Says whether a piece of work is within a scope. */
export function isWithin(scope: Scope, work: Required<Scope>): boolean {
  const { did = work.did, server = work.server } = scope
  return did === work.did && server === work.server
}
