/** Something about audit logs that an operator should see: an entry of this node's own log, and a line of its status. */
export interface AuditAlert {
  readonly code:
    | 'log-forked'
    | 'log-unproven'
    | 'cosign-refused'
    | 'log-refused'
    | 'log-behind'
    | 'uncosigned'
    | 'cosigned-again'
  readonly severity: 'info' | 'warn' | 'error'
  /** The DID that it is about. */
  readonly about?: string
  readonly sentence: string
}

/** Who is told of alerts. */
export type RaiseAlert = (alert: AuditAlert) => void
