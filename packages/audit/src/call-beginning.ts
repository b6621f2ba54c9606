import type { Entry } from './entry.ts'

/** An entry that says that a call goes on; a later one has to tell its end. */
export type CallBeginning = Extract<Entry, { kind: 'decision' | 'request' }>

/** Tells entries of which the end has to follow: of requests that were let in or sent, and of no other message. */
export function isCallBeginning(entry: Entry): entry is CallBeginning {
  if (entry.kind === 'decision') return entry.allowed && entry.rpcId !== undefined
  return entry.kind === 'request' && entry.sent && entry.rpcId !== undefined
}
