import type { ApprovalEvent, Entry, SignedSetName } from '../entry.ts'
import { visibleText } from './visible-text.ts'

const SHOWN_MAX = 120

/** An entry in one sentence for people; what others chose is in quotes, short, and made visible. */
export function entrySentence(entry: Entry): string {
  if (entry.kind === 'decision') return decisionSentence(entry)
  if (entry.kind === 'result') {
    return `The call of decision ${entry.decision} ended: ${entry.outcome}${inBrackets(entry.code)}.`
  }
  if (entry.kind === 'request') return requestSentence(entry)
  if (entry.kind === 'response') {
    return `The call of request ${entry.request} to another node ended: ${entry.outcome}${inBrackets(entry.code)}.`
  }
  if (entry.kind === 'unfinished') return unfinishedSentence(entry)
  if (entry.kind === 'record') {
    return `A record was accepted: ${entry.type} ${entry.id}${about(entry.about)}.`
  }
  if (entry.kind === 'standing') {
    return `${entry.did} is ${entry.status} now${inBrackets(entry.code)}.`
  }
  if (entry.kind === 'approval') return approvalSentence(entry)
  if (entry.kind === 'alert') return `${entry.code}: ${visibleText(entry.sentence)}`
  return upkeepSentence(entry)
}

type UpkeepKind = 'start' | 'stop' | 'policy' | 'config' | 'retention' | 'export'

/** What the node did with itself. */
function upkeepSentence(entry: Extract<Entry, { kind: UpkeepKind }>): string {
  switch (entry.kind) {
    case 'start':
      return `The node started, version ${quoted(entry.version)}, with ${entry.size} entries.`
    case 'stop':
      return 'The node stopped in order.'
    case 'policy':
      return `A policy set came into force: ${signedAs(entry.set)}${entry.to}.`
    case 'config':
      return `The configuration changed: ${quoted(entry.what)}.`
    case 'retention':
      return `Erased on purpose: ${entry.what} of entries ${entry.from} to ${entry.to - 1}.`
    case 'export':
    default:
      return `The receiver ${quoted(entry.target)} missed entries ${entry.gap[0]} to ${entry.gap[1] - 1}.`
  }
}

function decisionSentence(entry: Extract<Entry, { kind: 'decision' }>): string {
  const { caller, method, server, tool, allowed, rule, code } = entry
  const target = quoted(tool === undefined ? server : `${server}/${tool}`)
  const why = [code, rule === undefined ? undefined : `rule ${quoted(rule)}`]
    .filter((part) => part !== undefined)
    .join(', ')
  const verdict = allowed ? 'allowed' : 'refused'
  return `${caller} asked for ${quoted(method)} of ${target}: ${verdict}${why === '' ? '' : ` (${why})`}.`
}

function requestSentence(entry: Extract<Entry, { kind: 'request' }>): string {
  const { door, client, provider, method, server = '', tool, sent, code } = entry
  const host = `A host of this node${client === undefined ? '' : ` that calls itself ${quoted(client)}`} (${door})`
  const target = quoted(
    [server, tool].filter((part) => part !== undefined && part !== '').join('/'),
  )
  const whom = provider === undefined ? 'a node that is not known' : provider
  const what = sent ? 'sent' : 'not sent'
  return `${host} asked for ${quoted(method)} of ${target} at ${whom}: ${what}${inBrackets(code)}.`
}

function unfinishedSentence(entry: Extract<Entry, { kind: 'unfinished' }>): string {
  const { decisions, requests = [] } = entry
  const parts = [
    ...(decisions.length === 0 ? [] : [`Of ${decisions.length} calls no result is known.`]),
    ...(requests.length === 0
      ? []
      : [`Of ${requests.length} calls to other nodes no end is known.`]),
  ]
  if (parts.length > 0) return parts.join(' ')
  return 'What was before this run has been looked through for calls without a result.'
}

const APPROVAL_WORDS: Readonly<Record<ApprovalEvent, string>> = {
  held: 'waits for the approval of a person',
  approved: 'was approved',
  refused: 'was refused by a person',
  expired: 'was not approved in time',
  cancelled: 'was waited for no longer',
  withdrawn: 'is approved no longer',
}

function approvalSentence(entry: Extract<Entry, { kind: 'approval' }>): string {
  const { approval, event, caller, server, tool, by, reason } = entry
  const who = by === undefined ? '' : ` by ${by}`
  const why = reason === undefined ? '' : `: ${quoted(reason)}`
  return `The call ${approval} of ${quoted(`${server}/${tool}`)} by ${caller} ${APPROVAL_WORDS[event]}${who}${why}.`
}

function signedAs(set: SignedSetName | undefined): string {
  return set === undefined ? '' : `${quoted(set.name)} version ${set.version}, `
}

function inBrackets(code: string | undefined): string {
  return code === undefined ? '' : ` (${code})`
}

function about(names: readonly string[] | undefined): string {
  return names === undefined || names.length === 0 ? '' : ` about ${names.slice(0, 3).join(', ')}`
}

/** Nothing in the text can end the quotes, or be taken for an escape that it is not. */
function quoted(text: string): string {
  const short = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX).toWellFormed()}…` : text
  return `"${visibleText(short.replaceAll(/["\\]/g, '\\$&'))}"`
}
