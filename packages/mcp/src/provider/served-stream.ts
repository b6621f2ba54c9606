import type { ByteAccount } from '../byte-account.ts'
import type { Caller } from '../gate.ts'
import type { LineReader } from '../line-reader.ts'
import type { MeshStream } from '../mesh-stream.ts'

/** A stream whose header has been read. */
export interface ServedStream {
  readonly stream: MeshStream
  /** What follows the header. */
  readonly lines: LineReader
  readonly caller: Caller
  /** Hears of what is held on the way back. */
  readonly answers: ByteAccount
}
