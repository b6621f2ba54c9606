import { isJsonObject, parseJson } from '@warren/core'
import { fromString } from 'uint8arrays/from-string'
import { toString } from 'uint8arrays/to-string'
import { NetworkError } from './network-error.ts'
import { isReasonCode } from './reason-code.ts'

const VERDICT_LIMITS = { lengthMax: 1_024, depthMax: 1, keysMax: 4 }

/** What one side tells the other: go on, or no and why. */
export type Verdict = { readonly ok: true } | { readonly ok: false; readonly code: string }

export function encodeVerdict(verdict: Verdict): Uint8Array {
  return fromString(
    JSON.stringify(verdict.ok ? { ok: true } : { ok: false, code: verdict.code }),
    'utf8',
  )
}

export function parseVerdict(bytes: Uint8Array): Verdict {
  const value = parseJson(toString(bytes, 'utf8'), VERDICT_LIMITS)
  if (isJsonObject(value)) {
    if (value['ok'] === true) return { ok: true }
    const code = value['code']
    if (value['ok'] === false && isReasonCode(code)) return { ok: false, code }
  }
  throw new NetworkError('message-malformed', 'a verdict is {"ok":true} or {"ok":false,"code":…}')
}
