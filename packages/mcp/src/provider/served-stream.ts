import type { Caller } from '../gate.ts'
import type { LineReader } from '../line-reader.ts'
import type { MeshStream } from '../mesh-stream.ts'

/** A stream whose header has been read. */
export interface ServedStream {
  readonly stream: MeshStream
  /** What follows the header. */
  readonly lines: LineReader
  readonly caller: Caller
}
