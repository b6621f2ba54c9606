import type { Did } from '@warren/identity'
import type { Digest } from './digest.ts'

/** What every entry of the log says, whatever its kind. */
export type EntryHead = {
  readonly v: 1
  /** Its place in the log, counted from 0: the index of its leaf. */
  readonly seq: number
  /** The node whose log it is. */
  readonly node: Did
  /** One run of that node: 32 hex digits, drawn at start. */
  readonly boot: string
  /** The node's own wall clock, UTC to the microsecond. */
  readonly at: string
  /** The monotonic clock of this boot. */
  readonly monoUs: number
  /** The newest beacon that counted, which bounds the time of the entry from below. */
  readonly beacon?: string
  /** Mesh time, where it was known. */
  readonly meshAt?: string
  /** Whether the node lived by an island grant. */
  readonly island?: true
}

/** The node came up. */
export type StartBody = {
  readonly kind: 'start'
  readonly version: string
  /** The mesh id. */
  readonly mesh: string
  /** Entries that were found in the log, this one not counted. */
  readonly size: number
  /** Why it was started, or how the run before had ended. */
  readonly reason?: string
}

/** The node went down in order. */
export type StopBody = { readonly kind: 'stop' }

/** What policy said of one message, before the message went on. */
export type DecisionBody = {
  readonly kind: 'decision'
  /** Names the call in this log and in no other: 32 hex digits. */
  readonly call: string
  /** The DID that the channel proved. */
  readonly caller: string
  /** For whom the caller says that it acts. */
  readonly actingFor?: string
  readonly peerId?: string
  /** The call session, which the log of the other side names too. */
  readonly session?: string
  readonly roles: readonly string[]
  readonly enclave: string
  readonly server: string
  readonly tool?: string
  readonly method: string
  /** The id of a JSON-RPC request; nothing but a request has one, and a result or its absence follows. */
  readonly rpcId?: string | number
  readonly allowed: boolean
  readonly code?: string
  readonly rule?: string
  /** The approval of a person that it needed and that was asked for, or had been given before: 32 hex digits. */
  readonly approval?: string
  /** The digest of the policy set by which it was decided. */
  readonly policy: string
  readonly args: Digest
  /** The arguments as the server got them, where they are not those that were asked. */
  readonly forwarded?: Digest
  /** Ids of the credentials that covered the call: every link of every capability that did. */
  readonly credentials?: readonly string[]
  /** Length of the message as it came. */
  readonly bytes: number
}

/** How a call can end. */
export type Outcome = 'answered' | 'error' | 'cancelled' | 'failed' | 'refused'

/** How a call that was allowed ended, before its answer left. */
export type ResultBody = {
  readonly kind: 'result'
  readonly call: string
  /** The place of its decision. */
  readonly decision: number
  readonly outcome: Outcome
  /** What a tool says of its own result. */
  readonly isError?: boolean
  readonly code?: string
  readonly bytes: number
  readonly durationUs: number
  readonly result: Digest
}

/** Where a host of this node came in: the pipe that it started, HTTP on loopback, or a command of the node. */
export type Door = 'stdio' | 'http' | 'command'

/** What a host of this node asked of a server of another node. */
export type RequestBody = {
  readonly kind: 'request'
  /** Names the call in this log and in no other: 32 hex digits. */
  readonly call: string
  readonly door: Door
  /** What the host calls itself; nothing proves it. */
  readonly client?: string
  /** The DID of the node that owns the server; absent where there was none to send it to. */
  readonly provider?: string
  /** That of the provider. */
  readonly enclave?: string
  readonly server?: string
  readonly tool?: string
  readonly method: string
  /** The id of a JSON-RPC request; nothing but a request has one, and where it was sent a response or its absence follows. */
  readonly rpcId?: string | number
  /** The call session, which the log of the provider names too. */
  readonly session?: string
  readonly sent: boolean
  /** Why it was not sent. */
  readonly code?: string
  readonly args: Digest
  /** Length of the message as it is sent. */
  readonly bytes: number
}

/** How a request that was sent ended, as this node saw it. */
export type ResponseBody = {
  readonly kind: 'response'
  readonly call: string
  /** The place of its request. */
  readonly request: number
  /** `refused` where the provider says that it refused. */
  readonly outcome: Outcome
  /** What a tool says of its own result. */
  readonly isError?: boolean
  readonly code?: string
  readonly bytes: number
  readonly durationUs: number
  readonly result: Digest
}

/** Calls of which the end is not known, since the node ended before it; one that names none says that all of them have been named. */
export type UnfinishedBody = {
  readonly kind: 'unfinished'
  readonly decisions: readonly number[]
  /** Those that were sent to other nodes. */
  readonly requests?: readonly number[]
}

/** One file of a policy set. */
export type PolicyFile = {
  readonly name: string
  readonly digest: string
}

/** What a signed policy set is called, and by whom. */
export type SignedSetName = {
  readonly name: string
  readonly version: number
  /** Content id of its manifest. */
  readonly manifest: string
  /** DIDs. */
  readonly signers: readonly string[]
}

/** Another policy set came into force. */
export type PolicyBody = {
  readonly kind: 'policy'
  /** Absent for the first set. */
  readonly from?: string
  readonly to: string
  readonly files: readonly PolicyFile[]
  /** Files that are not listed; the digest of the set covers them all the same. */
  readonly more?: number
  /** What the set is signed as; absent where it is not signed. */
  readonly set?: SignedSetName
}

/** The configuration changed. */
export type ConfigBody = { readonly kind: 'config'; readonly what: string }

/** A membership record was accepted. */
export type RecordBody = {
  readonly kind: 'record'
  readonly id: string
  readonly type: string
  /** Whom it gives something to, or takes it from. */
  readonly about?: readonly string[]
  /** Who signed it. */
  readonly by?: readonly string[]
}

/** What the node now holds of somebody. */
export type StandingBody = {
  readonly kind: 'standing'
  readonly did: string
  readonly status: string
  readonly code?: string
  /** The records on which that rests. */
  readonly records?: readonly string[]
}

export type Severity = 'info' | 'warn' | 'error'

/** Something that an operator should see. */
export type AlertBody = {
  readonly kind: 'alert'
  readonly code: string
  readonly severity: Severity
  readonly about?: string
  readonly sentence: string
}

/** What became of a call that a person had to approve. */
export type ApprovalEvent = 'held' | 'approved' | 'refused' | 'expired' | 'cancelled' | 'withdrawn'

/** A call waited for the approval of a person, or had it, or not. */
export type ApprovalBody = {
  readonly kind: 'approval'
  /** Names the approval in this log and in no other: 32 hex digits. */
  readonly approval: string
  readonly event: ApprovalEvent
  readonly caller: string
  readonly server: string
  readonly tool: string
  /** Who decided, where a person did. */
  readonly by?: string
  /** What the person gave as the reason of a refusal. */
  readonly reason?: string
  /** How many calls it is good for, this one included. */
  readonly times?: number
  /** For how long it is good. */
  readonly forSeconds?: number
}

/** Something was erased on purpose, and what that was. */
export type RetentionBody = {
  readonly kind: 'retention'
  /** The segment, by the place of its first entry. */
  readonly segment: number
  readonly from: number
  /** The first place behind. */
  readonly to: number
  readonly what: 'bodies' | 'entries'
  readonly digest: string
}

/** A receiver of copies missed entries. */
export type ExportBody = {
  readonly kind: 'export'
  readonly target: string
  /** The first place that it missed, and the first behind. */
  readonly gap: readonly [number, number]
}

/** What an entry says beyond its head, by kind. */
export type EntryBody =
  | StartBody
  | StopBody
  | DecisionBody
  | ResultBody
  | RequestBody
  | ResponseBody
  | UnfinishedBody
  | PolicyBody
  | ConfigBody
  | RecordBody
  | StandingBody
  | AlertBody
  | ApprovalBody
  | RetentionBody
  | ExportBody

export type EntryKind = EntryBody['kind']

/** One entry of the log. */
export type Entry = EntryHead & EntryBody
