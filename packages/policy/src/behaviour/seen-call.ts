/** How a call that was asked for has gone on so far. */
export type CallState = 'asked' | 'running' | 'refused' | 'answered' | 'error' | 'failed'

/** A call that a caller asks for. */
export interface AskedCall {
  /** Name of the server in the configuration. */
  readonly server: string
  /** As the server spells it; empty for what names no tool. */
  readonly tool: string
  /** Of its canonical arguments: two calls with one digest ask for the same. */
  readonly digest: string
  /** Length of the message. */
  readonly bytesIn: number
}

/** A call of one caller that was counted. */
export interface SeenCall extends AskedCall {
  /** Names the call among those of this node; rises. */
  readonly id: number
  /** When it was asked for, on the monotonic clock. */
  readonly atMs: number
  readonly state: CallState
  /** Length of its answer; 0 before there is one. */
  readonly bytesOut: number
}

/** Which calls are meant: all that have what it names. */
export interface CallPattern {
  readonly server?: string | undefined
  readonly tool?: string | undefined
  readonly state?: CallState | undefined
}

/** Says whether calls of a tool are among those that are meant, in the state that is meant. */
export function isMeant(
  { server, tool }: CallPattern,
  call: Pick<AskedCall, 'server' | 'tool'>,
): boolean {
  return (
    (server === undefined || call.server === server) && (tool === undefined || call.tool === tool)
  )
}

/** Says whether two calls are of one tool. */
export function isSameTool(
  one: Pick<AskedCall, 'server' | 'tool'>,
  other: Pick<AskedCall, 'server' | 'tool'>,
): boolean {
  return one.server === other.server && one.tool === other.tool
}

/** Says whether a call came to no good end. */
export function hasFailed({ state }: Pick<SeenCall, 'state'>): boolean {
  return state === 'error' || state === 'failed'
}

/** Says whether a call was let go on and has no end yet. */
export function isOpen({ state }: Pick<SeenCall, 'state'>): boolean {
  return state === 'asked' || state === 'running'
}
