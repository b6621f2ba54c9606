import { CodedError } from '@warren/core'

export type PolicyErrorCode =
  | 'policy-too-large'
  | 'policy-too-complex'
  | 'policy-malformed'
  | 'policy-invalid'
  | 'policy-duplicate-id'
  | 'policy-engine-failed'

/** Where in the policy files the fault is. */
export interface PolicyPlace {
  /** Name of the file as it was handed in. */
  readonly file: string
  /** Counted from 1; absent when the fault is in no particular line. */
  readonly line?: number | undefined
}

/** Policies could not be loaded. The message names the place and says what to change. */
export class PolicyError extends CodedError<PolicyErrorCode> {
  override readonly name = 'PolicyError'
  readonly place: PolicyPlace | undefined

  constructor(code: PolicyErrorCode, message: string, place?: Partial<PolicyPlace> & ErrorOptions) {
    const { file, line, cause } = place ?? {}
    const text = file === undefined ? message : `${printed({ file, line })}: ${message}`
    super(code, text, cause === undefined ? undefined : { cause })
    this.place = file === undefined ? undefined : { file, line }
  }
}

function printed({ file, line }: PolicyPlace): string {
  return line === undefined ? file : `${file}:${line}`
}
