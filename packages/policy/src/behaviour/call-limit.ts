import type { Measure } from './measures.ts'

/**
 * What a node does when a caller goes beyond a limit.
 *
 * - `refuse`: this call does not go on.
 * - `end-session`: nor does anything else that the caller has under way with that server, whose processes end.
 * - `quarantine-caller`: nothing of the caller is answered by this node for a while.
 * - `tell-admin`: it is brought to an administrator's attention; by itself it refuses nothing.
 */
export type LimitAction = 'refuse' | 'end-session' | 'quarantine-caller' | 'tell-admin'

/** How much one caller may do of something within a window. */
export interface CallLimit {
  readonly id: string
  readonly server?: string | undefined
  readonly tool?: string | undefined
  /** Only callers with this role are bound by it. */
  readonly role?: string | undefined
  readonly count: Measure
  readonly max: number
  /** Milliseconds; `concurrent` needs none. */
  readonly withinMs: number
  readonly actions: readonly LimitAction[]
}

/** A limit that a call would go beyond. */
export interface Breach {
  readonly limit: CallLimit
  readonly reached: number
}

/** Says whether a call must not go on for it. */
export function isRefused({ limit }: Breach): boolean {
  return limit.actions.some((action) => action !== 'tell-admin')
}
