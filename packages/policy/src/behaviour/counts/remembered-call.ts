import { type CallPattern, isMeant, type SeenCall } from '../seen-call.ts'

/** A tool that a caller has called, as long as one of the calls is listed. */
export interface UsedTool {
  readonly server: string
  readonly tool: string
  /** Names the tool among those of its caller. */
  readonly number: number
  /** The position of the last call of it. */
  lastAt: number
}

/** A call in the list of its caller, with what makes it quick to count. */
export interface RememberedCall extends Omit<SeenCall, 'server' | 'tool' | 'digest'> {
  readonly used: UsedTool
  /** The same for calls that ask for the same, and for no others. */
  readonly sameness: string
  /** The position of the call of the same tool before it; lower than that of any listed call where there is none. */
  readonly sameToolAt: number
  /** How many calls up to this one go to and fro between two tools. */
  readonly toAndFro: number
}

/** Says whether a call in the list is one of those that are meant. */
export function isListedMeant(
  pattern: CallPattern,
  { used, state }: Pick<RememberedCall, 'used' | 'state'>,
): boolean {
  return isMeant(pattern, used) && (pattern.state === undefined || pattern.state === state)
}
