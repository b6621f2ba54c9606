import { CodedError } from '@warren/core'

export type TlogErrorCode =
  | 'size-malformed'
  | 'index-out-of-range'
  | 'hash-malformed'
  | 'frontier-malformed'
  | 'proof-length'
  | 'inclusion-unproven'
  | 'consistency-unproven'
  | 'note-too-long'
  | 'note-malformed'
  | 'name-malformed'
  | 'checkpoint-extended'
  | 'key-malformed'
  | 'time-malformed'
  | 'origin-foreign'
  | 'root-malformed'
  | 'signature-missing'
  | 'signature-twice'
  | 'signature-wrong'
  | 'cosigner-not-distinct'
  | 'evidence-malformed'
  | 'evidence-unproven'
  | 'quorum-missed'
  | 'policy-malformed'
  | 'tile-malformed'
  | 'bundle-malformed'

/** Something about a log did not hold; carries none of the bytes that it came with. */
export class TlogError extends CodedError<TlogErrorCode> {
  override readonly name = 'TlogError'
}
