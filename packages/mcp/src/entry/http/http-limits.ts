/** What the HTTP entry bears, and for how long. */
export interface HttpLimits {
  /** Open connections on each address. */
  readonly connectionsMax: number
  /** Time for the head of a request to arrive. */
  readonly headersMs: number
  /** Time for a whole request to arrive. */
  readonly requestMs: number
  /** How long a connection may be silent between two requests. */
  readonly keepAliveMs: number
  /** How often the three times above are looked at. */
  readonly checkMs: number
  readonly headerBytesMax: number
  readonly headersMax: number
  readonly sessionsMax: number
  /** How long a session is kept without a request or an open stream. */
  readonly sessionIdleMs: number
  /** The same where the host had an event stream and has left it. */
  readonly sessionLeftMs: number
  /** Messages of a session for which no stream is open. */
  readonly waitingMax: number
  /** Messages from the host that the relay has not taken yet, for each session. */
  readonly queuedMax: number
  /** After this time without a response, the answer becomes an event stream, so that no client gives up on its head. */
  readonly sseAfterMs: number
  /** Pause between two comments that keep a silent event stream alive. */
  readonly sseKeepAliveMs: number
  /** How long a host may leave a stream unread before it is taken for gone. */
  readonly stallMs: number
  /** Characters of a token; 43 is 256 bits in base64url. */
  readonly tokenLengthMin: number
}

export const HTTP_LIMITS: HttpLimits = {
  connectionsMax: 512,
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 30_000,
  checkMs: 1_000,
  headerBytesMax: 16 * 1024,
  headersMax: 64,
  sessionsMax: 64,
  sessionIdleMs: 30 * 60_000,
  sessionLeftMs: 30_000,
  waitingMax: 64,
  queuedMax: 64,
  sseAfterMs: 5_000,
  sseKeepAliveMs: 15_000,
  stallMs: 60_000,
  tokenLengthMin: 32,
}
