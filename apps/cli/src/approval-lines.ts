import { isJsonObject, type JsonValue } from '@warren/core'
import { shown } from './shown.ts'
import { visibleLine } from './visible-text.ts'

const EXCERPT_LENGTH = 60
const ID_LENGTH = 12
/** Characters beyond ASCII that are named one by one. */
const NAMED_MAX = 16

/** The calls that wait, as rows under their header. */
export function waitingRows(calls: readonly JsonValue[]): readonly (readonly string[])[] {
  const rows = calls.map((call) => [
    shown(member(call, 'id')).slice(0, ID_LENGTH),
    shown(member(call, 'since')),
    `${shown(member(call, 'leftSeconds'))} s`,
    toolOf(call),
    excerptOf(call),
    shown(member(call, 'roles')),
    shown(member(call, 'caller')),
  ])
  return [['ID', 'SINCE', 'LEFT', 'TOOL', 'ARGUMENTS', 'ROLES', 'CALLER'], ...rows]
}

/** The approvals that are good for more calls, as rows under their header. */
export function grantedRows(grants: readonly JsonValue[]): readonly (readonly string[])[] {
  const rows = grants.map((grant) => [
    shown(member(grant, 'id')).slice(0, ID_LENGTH),
    `${shown(member(grant, 'timesLeft'))} times`,
    `${shown(member(grant, 'leftSeconds'))} s`,
    toolOf(grant),
    shown(member(grant, 'caller')),
  ])
  return [['ID', 'MORE', 'LEFT', 'TOOL', 'CALLER'], ...rows]
}

/** One call that waits, on one line. */
export function waitingLine(call: JsonValue): string {
  const [id, since, caller] = ['id', 'since', 'caller'].map((key) => shown(member(call, key)))
  return visibleLine(`${since} ${id} ${toolOf(call)} ${excerptOf(call)} from ${caller}`)
}

/** All that a call would do, for whoever is to agree to it: nothing of it is left out or cut short. */
export function approvalLines(call: JsonValue): readonly string[] {
  const args = JSON.stringify(member(call, 'arguments'), undefined, 2)
  const parts = ['arguments', 'more', 'beside', 'facts'].map((key) => member(call, key))
  const secrets = member(call, 'secrets')
  return [
    `call       ${shown(member(call, 'id'))}`,
    `since      ${shown(member(call, 'since'))}, ${shown(member(call, 'leftSeconds'))} s left`,
    `caller     ${shown(member(call, 'caller'))}`,
    `roles      ${shown(member(call, 'roles'))}; enclave ${shown(member(call, 'enclave'))}; generation ${shown(member(call, 'generation'))}`,
    `tool       ${toolOf(call)}`,
    `rules      ${shown(member(call, 'rules'))}`,
    ...labelled('arguments', args),
    ...labelledUnlessEmpty('also', member(call, 'more')),
    ...labelledUnlessEmpty('beside', member(call, 'beside')),
    ...labelled('means', JSON.stringify(member(call, 'facts'), undefined, 2)),
    ...(secrets === 0 ? [] : [`secrets    ${shown(secrets)} of these look like secrets`]),
    ...foreignLines(JSON.stringify(parts)),
    `policy     ${shown(member(call, 'policy'))}`,
    `hash       ${shown(member(call, 'hash'))}`,
  ].map(visibleLine)
}

function labelledUnlessEmpty(label: string, value: JsonValue): readonly string[] {
  if (!isJsonObject(value) || Object.keys(value).length === 0) return []
  return labelled(label, JSON.stringify(value, undefined, 2))
}

function labelled(label: string, text: string): readonly string[] {
  const [first = '', ...others] = text.split('\n')
  return [`${label.padEnd(11)}${first}`, ...others.map((line) => `${' '.repeat(11)}${line}`)]
}

/** Letters of another script can look like those of this one. */
function foreignLines(text: string): readonly string[] {
  const foreign = [...new Set(text.match(/[^\p{ASCII}]/gu))]
  if (foreign.length === 0) return []
  const named = foreign
    .slice(0, NAMED_MAX)
    .map((character) => `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}`)
  const more = foreign.length > NAMED_MAX ? `, and ${foreign.length - NAMED_MAX} others` : ''
  return [`not ASCII  ${named.join(', ')}${more}`]
}

function toolOf(call: JsonValue): string {
  return `${shown(member(call, 'server'))}/${shown(member(call, 'tool'))}`
}

function excerptOf(call: JsonValue): string {
  const text = visibleLine(shown(member(call, 'excerpt')))
  const length = member(call, 'argumentsLength')
  if (text.length <= EXCERPT_LENGTH) return text
  return `${text.slice(0, EXCERPT_LENGTH).toWellFormed()}… (${shown(length)} characters)`
}

function member(value: JsonValue, key: string): JsonValue {
  return isJsonObject(value) ? (value[key] ?? null) : null
}
