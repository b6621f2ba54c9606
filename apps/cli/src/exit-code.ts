/** Exit codes are part of the interface: scripts rely on them. docs/specs/cli.md lists them. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  /** Policy, admission or an invitation said no. */
  refused: 3,
  notRunning: 4,
  timedOut: 5,
  /** A file, a key or the configuration is not as it must be. */
  configuration: 6,
} as const

const BY_CODE: Readonly<Record<string, number>> = {
  usage: EXIT.usage,
  'threshold-impossible': EXIT.usage,
  'no-such-member': EXIT.usage,
  'name-ambiguous': EXIT.usage,
  'not-an-admin': EXIT.usage,
  'join-unproved': EXIT.refused,
  'readmission-needed': EXIT.refused,
  'not-revoked': EXIT.refused,
  'role-malformed': EXIT.usage,
  'name-malformed': EXIT.usage,
  'enclave-malformed': EXIT.usage,
  'reason-malformed': EXIT.usage,
  'server-malformed': EXIT.usage,
  'credential-malformed': EXIT.usage,
  'revoked-key-malformed': EXIT.usage,
  'approval-unknown': EXIT.usage,
  'approval-mismatch': EXIT.refused,
  'audit-entry-missing': EXIT.usage,
  'audit-erased': EXIT.failed,
  'audit-segment-in-use': EXIT.refused,
  'node-not-running': EXIT.notRunning,
  'control-closed': EXIT.notRunning,
  'call-timeout': EXIT.timedOut,
  'call-refused': EXIT.refused,
  'knowledge-stale': EXIT.refused,
  'join-refused': EXIT.refused,
  'no-admin-key': EXIT.refused,
  'confirmation-missing': EXIT.refused,
  'not-confirmed': EXIT.refused,
  'not-asked': EXIT.refused,
  'signed-already': EXIT.refused,
  'signer-unknown': EXIT.refused,
  'request-foreign': EXIT.refused,
  'request-incomplete': EXIT.refused,
  'request-mismatch': EXIT.refused,
  'request-outdated': EXIT.refused,
  'join-malformed': EXIT.configuration,
  'join-too-large': EXIT.configuration,
  'staple-malformed': EXIT.configuration,
  'staple-too-large': EXIT.configuration,
  'staple-not-ready': EXIT.failed,
  'already-initialised': EXIT.configuration,
  'init-unfinished': EXIT.configuration,
  'not-initialised': EXIT.configuration,
  'nothing-pending': EXIT.configuration,
  'policies-open': EXIT.configuration,
  'policies-unreadable': EXIT.configuration,
  'kdf-out-of-bounds': EXIT.configuration,
}

const PREFIXES: readonly (readonly [string, number])[] = [
  ['invitation-', EXIT.refused],
  ['membership-', EXIT.refused],
  ['record-', EXIT.refused],
  ['charter-', EXIT.refused],
  ['staple-', EXIT.refused],
  ['request-', EXIT.configuration],
  ['public-keys-', EXIT.configuration],
  ['policy-', EXIT.configuration],
  ['config-', EXIT.configuration],
  ['key-', EXIT.configuration],
  ['keys-', EXIT.configuration],
  ['passphrase-', EXIT.configuration],
  ['file-', EXIT.configuration],
  ['directory-open', EXIT.configuration],
  ['import-', EXIT.configuration],
  ['store-', EXIT.configuration],
  ['audit-', EXIT.configuration],
  ['entry-', EXIT.configuration],
]

/** The exit code of an error code. */
export function exitCodeOf(code: string): number {
  const exact = BY_CODE[code]
  if (exact !== undefined) return exact
  return PREFIXES.find(([prefix]) => code.startsWith(prefix))?.[1] ?? EXIT.failed
}
