/**
 * Local policy: may this caller make this call now, and which rule says so.
 *
 * Pure but for the Cedar engine and Postgres' parser, which are modules of WebAssembly without I/O. Specified in docs/specs/policy.md.
 *
 * @packageDocumentation
 */
export {
  classifyMessage,
  classifyMethod,
  type MethodClass,
  type MethodClassification,
} from './classify-method.ts'
export type { Decision, RefusalReason } from './decision.ts'
export { createPolicyEngine, type PolicyEngine, type PolicyEngineInit } from './policy-engine.ts'
export { PolicyError, type PolicyErrorCode, type PolicyPlace } from './policy-error.ts'
export type { Explanation, NearestPermit } from './nearest-permit.ts'
export type { Obligation } from './obligation.ts'
export type {
  PolicyAction,
  PolicyCaller,
  PolicyRequest,
  SessionFacts,
  ToolState,
} from './policy-request.ts'
export { boundPostgres, postgresFact } from './facts/sql/postgres-facts.ts'
export type { PostgresRules } from './facts/sql/postgres-findings.ts'
export {
  loadPostgresParser,
  type PostgresParser,
  type PostgresStatement,
} from './facts/sql/postgres-parser.ts'
export type { SqlFact, SqlKind } from './facts/sql/sql-fact.ts'
export { SqlFactError, type SqlFactErrorCode } from './facts/sql/sql-fact-error.ts'
export type { SqliteCompilation, SqliteCompiler, SqliteUse } from './facts/sql/sqlite-compiler.ts'
export { boundSqlite, sqliteFact, type SqliteRules } from './facts/sql/sqlite-facts.ts'
export type { PolicySource } from './policy-source.ts'
export type { ArgumentAddress } from './facts/argument-address.ts'
export type { Declaration } from './facts/declaration.ts'
export type { Fact } from './facts/fact.ts'
export { type DeclaredArgument, FactDeclarations } from './facts/fact-declarations.ts'
export { FactError, type FactErrorCode, type FactPlace } from './facts/fact-error.ts'
export type { FactFlawCode } from './facts/fact-flaw.ts'
export {
  FactLayer,
  type FactQuestion,
  type FactReading,
  type FactRefusal,
  type Rewrite,
} from './facts/fact-layer.ts'
export type { FactPorts } from './facts/read-argument.ts'
export { factTypeOf, type FactType } from './facts/fact-type.ts'
export type { FileStatus, FileTree } from './facts/path/file-tree.ts'
export type { NameResolver, ParsedUrl, UrlParser } from './facts/url/url-ports.ts'
export { type Mutant, mutantsOf, type NamedRule, namedRules } from './testing/rule-mutants.ts'
export type { Supplied } from './vocabulary/policy-schema.ts'
export type { OpaqueArgument, ToolDefinition } from './vocabulary/vocabulary.ts'
export {
  type BehaviourRules,
  longestWindowMs,
  SESSION_COUNTS,
  WINDOW_MS_MAX,
} from './behaviour/behaviour-rules.ts'
export { type Breach, type CallLimit, isRefused, type LimitAction } from './behaviour/call-limit.ts'
export {
  type CallerAt,
  CallerBehaviour,
  type CallNews,
  type CallRoom,
  CALLS_MAX,
  CALLS_PER_CALLER_MAX,
} from './behaviour/caller-behaviour.ts'
export { type Measure, MEASURE_NAMES } from './behaviour/measures.ts'
export { isTruth, type PastFact } from './behaviour/past-fact.ts'
export type { AskedCall, CallPattern, CallState, SeenCall } from './behaviour/seen-call.ts'
