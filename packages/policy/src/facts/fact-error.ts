import { CodedError } from '@warren/core'

export type FactErrorCode = 'facts-malformed' | 'facts-too-many'

/** Where in the declarations the fault is: as deep as it is known. */
export interface FactPlace {
  /** `<server>/<tool>`. */
  readonly tool?: string
  /** The argument as the declaration names it. */
  readonly argument?: string
}

/** What the arguments mean could not be loaded. The message names the place and says what to write. */
export class FactError extends CodedError<FactErrorCode> {
  override readonly name = 'FactError'
  readonly place: FactPlace

  constructor(code: FactErrorCode, message: string, place: FactPlace = {}) {
    const { tool, argument } = place
    const where = [tool, argument].filter((part) => part !== undefined).join(': ')
    super(code, where === '' ? message : `${where}: ${message}`)
    this.place = place
  }
}
