import type { CallAnswer } from '../gate.ts'
import type { JsonRpcMessage } from '../json-rpc.ts'

/** A message of a host on its way to a server of a peer. */
export interface LeavingMessage {
  readonly message: JsonRpcMessage
  /** Bytes of its serialisation. */
  readonly bytes: number
  /** Names the call session that carries it, on both sides; absent where the transport has no name for it. */
  readonly callSession?: string
  /** What the host calls itself, where it has said so; nothing proves it. */
  readonly client?: string
}

/** Where the node of a host writes down what the host asks of a server of a peer. */
export interface CallJournal {
  /**
   * Hands in that a message leaves, right before its first byte; nothing where no entry is made of such a message.
   *
   * @throws McpError `audit-unavailable`: what cannot be written down does not leave
   */
  leaves(leaving: LeavingMessage): JournaledCall | undefined
  /** Writes down that a message has not left, and why. Never rejects. */
  stays(staying: Omit<LeavingMessage, 'callSession'>, code: string): Promise<void>
}

/** A message that leaves and of which an entry is made. */
export interface JournaledCall {
  /** Resolves when it is on the disk; rejects with an McpError `audit-unavailable` when it cannot get there. Nothing that comes back is given to the host before. */
  readonly recorded: Promise<void>
  /** Told, before `ended`, of bytes that the host is given without anybody having read an answer in them. */
  passes(bytes: Uint8Array): void
  /** Told at most once, and of a request alone, how it ended. Nothing waits for it. */
  ended(end: JournaledEnd): void
}

/**
 * How a request to a peer came to its end: a result or an error of the server's own, a refusal of the provider, taken
 * back by the host, or without any answer. The code says why.
 */
export interface JournaledEnd {
  readonly outcome: 'answered' | 'error' | 'refused' | 'cancelled' | 'failed'
  readonly code?: string
  readonly answer?: CallAnswer
}
