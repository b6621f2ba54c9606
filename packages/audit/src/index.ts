/**
 * The record of what a node decided: entries, the log as a state machine, its verification, and its other forms.
 *
 * Pure. Specified in docs/specs/audit.md.
 *
 * @packageDocumentation
 */
export { AuditError, type AuditErrorCode } from './audit-error.ts'
export {
  AuditLog,
  type AuditLogInit,
  type Batch,
  BATCH_MAX,
  type BatchInput,
  CLOCK_SKEW_US,
  originOf,
  type StoredLog,
} from './audit-log.ts'
export type { BatchEntry, RefusedDraft } from './batch-writer.ts'
export { isCallBeginning } from './call-beginning.ts'
export { decisionOn, type Direction, directionOf, KINDS_BY_DIRECTION } from './direction.ts'
export type { Digest, FieldDigest } from './digest.ts'
export { disclose, type Disclosure, verifyDisclosure } from './disclosure.ts'
export {
  DISCLOSURE_LENGTH_MAX,
  type DisclosureFile,
  formatDisclosure,
  parseDisclosure,
} from './disclosure-file.ts'
export { decodeEntry, encodeEntry, ENTRY_BYTES_MAX } from './entry-codec.ts'
export {
  cutText,
  type DecisionDraft,
  type DraftedEntry,
  draftEntry,
  type EntryDraft,
  type RequestDraft,
  type ResponseDraft,
  type ResultDraft,
} from './entry-draft.ts'
export { FILES_MAX, NAMES_MAX, UNFINISHED_MAX } from './entry-rules.ts'
export { formatMicros, isMicros, parseMicros } from './entry-time.ts'
export type {
  AlertBody,
  ApprovalBody,
  ApprovalEvent,
  ConfigBody,
  DecisionBody,
  Door,
  Entry,
  EntryBody,
  EntryHead,
  EntryKind,
  ExportBody,
  Outcome,
  PolicyBody,
  PolicyFile,
  SignedSetName,
  RecordBody,
  RequestBody,
  ResponseBody,
  ResultBody,
  RetentionBody,
  Severity,
  StandingBody,
  StartBody,
  StopBody,
  UnfinishedBody,
} from './entry.ts'
export {
  type Body,
  isFieldPath,
  type Keep,
  type KeptValue,
  keepValue,
  type ValueDraft,
  type ValueKeeper,
} from './keep-value.ts'
export {
  type Redacted,
  replaceSecrets,
  type SecretFinder,
  type SecretRange,
} from './replace-secrets.ts'
export {
  checkpointLine,
  entryLine,
  LINE_BYTES_MAX,
  parseSegmentLine,
  type SegmentLine,
} from './segment-line.ts'
export { deriveSegmentKeys, type SegmentKeys } from './segment-keys.ts'
export type { Stamp } from './stamp.ts'
export { saltedDigest, saltOf, type ValuePlace } from './value-digest.ts'
export { valueText } from './value-text.ts'
export type { Finding, FindingCode, LinePlace } from './verify/finding.ts'
export type { KnownHead } from './verify/known-heads.ts'
export { LogVerifier, type LogVerifierInit, type Verification } from './verify/log-verifier.ts'
export type { StoredTree } from './verify/stored-tree.ts'
export { formatCef, type Product } from './forms/cef.ts'
export type { CopyMark } from './forms/copy-mark.ts'
export { entrySentence } from './forms/entry-sentence.ts'
export { formatJsonLine } from './forms/json-line.ts'
export { formatOcsf, OCSF_VERSION } from './forms/ocsf.ts'
export { formatCefSyslog, formatSyslog, frameSyslog } from './forms/syslog.ts'
export { formatReport, type ProvenEvent, type ReportInput } from './report/report-html.ts'
export { ReportSummary } from './report/report-summary.ts'
