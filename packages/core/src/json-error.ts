import { CodedError } from './coded-error.ts'

export type JsonErrorCode =
  | 'json-malformed'
  | 'json-too-long'
  | 'json-too-deep'
  | 'json-too-many-keys'
  | 'json-forbidden-key'
  | 'json-number-inexact'
  | 'json-not-well-formed'
  | 'json-not-canonical'
  | 'json-not-json'

/** Says which rule of our JSON dialect a text or value broke; carries none of its content. */
export class JsonError extends CodedError<JsonErrorCode> {
  override readonly name = 'JsonError'
}
