import { StorageError } from '../storage-error.ts'
import { openForReading } from './open-for-reading.ts'
import { lengthWithoutRoom } from './room.ts'

const CHUNK_BYTES = 1_048_576
/** The longest line is a checkpoint, of at most 65,536 bytes before its escapes. */
const LINE_BYTES_MAX = 2 * 65_536
const NEWLINE = 0x0a

/** One line of a file, without its line break. */
export interface Line {
  readonly bytes: Uint8Array
  /** Where it begins in the file. */
  readonly offset: number
  /** Whether a line break ended it; the end of the file does not, nor does what is longer than any line. */
  readonly ended: boolean
}

export interface LinesToRead {
  readonly path: string
  /** Where to begin: the beginning of a line. */
  readonly from?: number
  /** Where to end: a place, or before the room that was made at its end; the end of the file when absent. */
  readonly to?: number | 'room'
  /** What is longer is given in pieces, as no line at all. */
  readonly lineBytesMax?: number
}

/**
 * Reads a file line by line, as many lines at a time as came with one read, and in bounded memory.
 *
 * @throws StorageError `file-missing`, `file-unreadable`
 */
export async function* readLines(input: LinesToRead): AsyncGenerator<readonly Line[]> {
  const { path, from = 0, lineBytesMax = LINE_BYTES_MAX } = input
  const file = await openForReading(path)
  try {
    const to = input.to === 'room' ? await lengthWithoutRoom(file) : input.to
    let rest: Uint8Array = new Uint8Array(0)
    let position = from
    for (;;) {
      const length = Math.min(CHUNK_BYTES, (to ?? Number.POSITIVE_INFINITY) - position)
      const chunk = Buffer.allocUnsafe(length)
      const { bytesRead } =
        length > 0 ? await file.read(chunk, 0, length, position) : { bytesRead: 0 }
      if (bytesRead === 0) break
      const text = Buffer.concat([rest, chunk.subarray(0, bytesRead)])
      const { lines, end } = split(text, position - rest.length)
      position += bytesRead
      rest = text.subarray(end)
      if (lines.length > 0) yield lines
      if (rest.length > lineBytesMax) {
        yield [{ bytes: rest, offset: position - rest.length, ended: false }]
        rest = new Uint8Array(0)
      }
    }
    if (rest.length > 0) yield [{ bytes: rest, offset: position - rest.length, ended: false }]
  } finally {
    await file.close()
  }
}

/** Lines one by one; none of a file that is not there. */
export async function* linesIfThere(input: LinesToRead): AsyncGenerator<Line> {
  try {
    for await (const lines of readLines(input)) yield* lines
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'file-missing') throw error
  }
}

function split(
  text: Buffer,
  offset: number,
): { readonly lines: readonly Line[]; readonly end: number } {
  const lines: Line[] = []
  let begin = 0
  for (let end = text.indexOf(NEWLINE); end !== -1; end = text.indexOf(NEWLINE, begin)) {
    lines.push({ bytes: text.subarray(begin, end), offset: offset + begin, ended: true })
    begin = end + 1
  }
  return { lines, end: begin }
}
