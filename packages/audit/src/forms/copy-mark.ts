/** What a copy says of itself, beyond the entry. */
export interface CopyMark {
  /** Whether the receiver may have had the entry before, and knows it again by node and place. */
  readonly resent?: boolean
}
