import { CodedError } from '@warren/core'

/**
 * - `input-mismatch`: the arguments do not fit the definition of the tool.
 * - `input-number`: a rule reads a number that is no integer, or beyond 2^53.
 * - `input-text`: a rule reads a text that is not well-formed.
 * - `input-too-large`: a rule reads more than the engine is given.
 * - `facts-mismatch`: what the node says about the call is not what it declared.
 */
export type ContextFlawCode =
  | 'input-mismatch'
  | 'input-number'
  | 'input-text'
  | 'input-too-large'
  | 'facts-mismatch'

/**
 * A call that no rule can be asked about. The message is for the caller and names arguments,
 * never values, in one printable line.
 */
export class ContextFlaw extends CodedError<ContextFlawCode> {
  override readonly name = 'ContextFlaw'
}
