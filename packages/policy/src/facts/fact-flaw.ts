import { CodedError } from '@warren/core'

/** Why an argument has no fact. */
export type FactFlawCode =
  | 'fact-argument-shape'
  | 'fact-too-many'
  | 'fact-too-long'
  | 'fact-characters'
  | 'fact-path-empty'
  | 'fact-path-scheme'
  | 'fact-path-expansion'
  | 'fact-path-encoded'
  | 'fact-path-backslash'
  | 'fact-path-name'
  | 'fact-path-lookalike'
  | 'fact-path-base'
  | 'fact-path-ambiguous'
  | 'fact-path-missing-parent'
  | 'fact-path-not-directory'
  | 'fact-path-links'
  | 'fact-path-steps'
  | 'fact-path-process'
  | 'fact-path-spelling'
  | 'fact-path-unreadable'
  | 'fact-path-changed'
  | 'fact-url-malformed'
  | 'fact-url-scheme'
  | 'fact-url-ambiguous'
  | 'fact-shell-malformed'
  | 'fact-regex-malformed'
  | 'fact-json-malformed'

/**
 * An argument that cannot be told for certain. The message goes on where "the argument x" began,
 * states the broken rule and quotes nothing that the caller sent.
 */
export class FactFlaw extends CodedError<FactFlawCode> {
  override readonly name = 'FactFlaw'
}
