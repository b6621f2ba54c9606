import type { AuditForkRecord } from '@warren/membership'

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

const KINDS = {
  'two-roots': 'it has two histories of one length',
  'went-back': 'it was taken back',
  rewritten: 'it was changed after others had seen it',
} as const

/** What every node says when it learns that the audit log of a member was forked. */
export function forkAlert({ did, kind, sizes }: AuditForkRecord): AuditAlert {
  return {
    code: 'log-forked',
    severity: 'error',
    about: did,
    sentence: `The audit log of this member contradicts itself: ${KINDS[kind]} (checkpoints of ${sizes.join(' and ')} entries). What it wrote is not to be relied on; look into it, and quarantine it.`,
  }
}
