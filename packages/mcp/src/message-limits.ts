/** How large and how deep one JSON-RPC message may be. */
export interface MessageLimits {
  /** Bytes of the message's line, without the newline. */
  readonly messageBytesMax: number
  /** Nesting of objects and arrays. */
  readonly depthMax: number
  /** Members of all objects and elements of all arrays together. */
  readonly keysMax: number
}

/** 64 levels is what the canonical form allows too, so that whatever passes the door can be recorded. */
export const MESSAGE_LIMITS: MessageLimits = {
  messageBytesMax: 4 * 1024 * 1024,
  depthMax: 64,
  keysMax: 250_000,
}
