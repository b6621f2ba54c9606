/** Something that an actor found worth writing down. */
export interface Note {
  readonly atMs: number
  readonly node: number
  readonly text: string
  readonly value: number | undefined
}

/** A run that notes more than this is told so, rather than killed by its memory. */
export const NOTES_MAX = 4_000_000
