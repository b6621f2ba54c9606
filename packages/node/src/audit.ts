/**
 * What the audit commands need, on the log of a running node or on a copy: reading, verifying, proving. Nothing of the network is loaded for it.
 *
 * Does I/O. Specified in docs/specs/audit-node.md.
 *
 * @packageDocumentation
 */
export {
  decisionOn,
  decodeEntry,
  directionOf,
  type Entry,
  entrySentence,
  formatCef,
  formatJsonLine,
  formatOcsf,
  formatReport,
  formatSyslog,
  isMicros,
  type ProvenEvent,
  ReportSummary,
} from '@warren/audit'
export { type GivenSources } from './audit/offline/audit-sources.ts'
export { type AuditSearch } from './control/audit-protocol.ts'
export {
  type DisclosedValue,
  layOpen,
  readValue,
  verifyDisclosed,
} from './audit/offline/disclosed-value.ts'
export { auditDirectoryOf, openArchive } from './audit/offline/open-archive.ts'
export { type EntryProof, proveEntry } from './audit/offline/prove-entry.ts'
export {
  type EntryBound,
  type EntryRange,
  isInRange,
  readPlaces,
  readRange,
} from './audit/offline/read-entries.ts'
export {
  type AuditFinding,
  type AuditVerdict,
  isClean,
  verifyAudit,
} from './audit/offline/verify-audit.ts'
export type { AuditArchive } from '@warren/storage'
export { VERSION } from './version.ts'
