/**
 * What a node has to do besides allowing or refusing.
 *
 * - `kill-session`: end the session of this caller with this server.
 * - `quarantine-caller`: keep the caller out of the mesh for the time being.
 * - `tell-admin`: bring it to an administrator's attention.
 * - `approve`: let the call go on only when a person has agreed to it.
 */
export type Obligation = 'kill-session' | 'quarantine-caller' | 'tell-admin' | 'approve'

/** Which rules may carry each. */
const EFFECTS: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ['kill-session', new Set(['forbid'])],
  ['quarantine-caller', new Set(['forbid'])],
  ['tell-admin', new Set(['forbid', 'permit'])],
  ['approve', new Set(['permit'])],
])

/** Tells the name of an obligation from every other text. */
export function isObligation(name: unknown): name is Obligation {
  return typeof name === 'string' && EFFECTS.has(name)
}

/** Says whether a permit, or a forbid, may carry an obligation. */
export function fitsEffect(obligation: Obligation, effect: string): boolean {
  return EFFECTS.get(obligation)?.has(effect) ?? false
}

/** Names of all obligations, for messages. */
export const OBLIGATION_NAMES: string = [...EFFECTS.keys()].join(', ')
