/** What one host may hold at the aggregate, and how long anybody may take. */
export interface AggregateLimits {
  /** Servers that are shown; further ones are named as left out. */
  readonly serversMax: number
  /** Tools, prompts, resources or templates of one server. */
  readonly itemsMax: number
  readonly listPagesMax: number
  /** Characters of one server's list, as JSON. */
  readonly listLengthMax: number
  /** Items on one page that a host is given, and their characters as JSON. */
  readonly pageItemsMax: number
  readonly pageLengthMax: number
  /** Requests of one host without a response. */
  readonly inFlightMax: number
  /** Requests of one server to the host without a response. */
  readonly nestedMax: number
  /** Notifications from the aggregate to one server that wait to be sent. */
  readonly queuedMax: number
  /** Open `subscriptions/listen` of one host. */
  readonly listenersMax: number
  /** Rounds in which a server may ask for more input within one call. */
  readonly roundsMax: number
  /** Pause before a round in which the server asked for nothing but time. */
  readonly roundPauseMs: number
  /** From opening a session with a server to the end of the handshake. */
  readonly openMs: number
  /** How long a list waits for its slowest server before it goes without it. */
  readonly listWaitMs: number
  /** How long one server may take for its whole list. */
  readonly listMs: number
  /** How long a call may say nothing; progress begins it anew. */
  readonly callSilenceMs: number
  readonly callMs: number
  /** How long changes are gathered before the host is told. */
  readonly debounceMs: number
  /** How long a session with a server is kept unused, where no host connection holds it. */
  readonly backendIdleMs: number
}

export const AGGREGATE_LIMITS: AggregateLimits = {
  serversMax: 128,
  itemsMax: 2_000,
  listPagesMax: 64,
  listLengthMax: 8 * 1024 * 1024,
  pageItemsMax: 500,
  pageLengthMax: 2 * 1024 * 1024,
  inFlightMax: 256,
  nestedMax: 64,
  queuedMax: 256,
  listenersMax: 16,
  roundsMax: 8,
  roundPauseMs: 250,
  openMs: 20_000,
  listWaitMs: 5_000,
  listMs: 30_000,
  callSilenceMs: 5 * 60_000,
  callMs: 60 * 60_000,
  debounceMs: 250,
  backendIdleMs: 5 * 60_000,
}
