import { isJsonObject, parseJson } from '@warren/core'
import { readPrivateFile, StorageError, writePrivateFile } from '@warren/storage'

const BYTES_MAX = 1_024
const JSON_LIMITS = { lengthMax: BYTES_MAX, depthMax: 1, keysMax: 8 }

/** How far a receiver has come. */
export interface ExportPosition {
  /** Everything before this place has reached it for certain, or was erased, which the log then says. */
  readonly settled: number
  /** Nothing from this place on was ever sent. */
  readonly sent: number
}

/** The position of one receiver on the disk: replaced in one step, and flushed before it counts. */
export class ExportCursor {
  readonly #path: string
  #position: ExportPosition

  private constructor(path: string, position: ExportPosition) {
    this.#path = path
    this.#position = position
  }

  /**
   * Reads the position. A receiver that is new begins with the first entry. Where the file cannot be understood, all
   * that the log has is sent again as something that the receiver may have: nothing is missing and nothing misleads.
   *
   * @throws StorageError as `readPrivateFile` does for a file that others could have changed
   */
  static async open(path: string, logSize: number): Promise<ExportCursor> {
    const text = await readIfThere(path)
    if (text === undefined) return new ExportCursor(path, { settled: 0, sent: 0 })
    return new ExportCursor(path, parsePosition(text) ?? { settled: 0, sent: logSize })
  }

  get position(): ExportPosition {
    return this.#position
  }

  /** Replaces the position; on the disk when this resolves. */
  async move(position: ExportPosition): Promise<void> {
    const text = `${JSON.stringify({ v: 1, ...position })}\n`
    await writePrivateFile({ path: this.#path, bytes: Buffer.from(text), replace: true })
    this.#position = position
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return Buffer.from(await readPrivateFile(path, BYTES_MAX)).toString('utf8')
  } catch (error) {
    if (error instanceof StorageError && error.code === 'file-missing') return undefined
    if (error instanceof StorageError && error.code === 'file-too-large') return ''
    throw error
  }
}

function parsePosition(text: string): ExportPosition | undefined {
  try {
    const value = parseJson(text.trimEnd(), JSON_LIMITS)
    if (!isJsonObject(value) || value['v'] !== 1) return undefined
    const { settled, sent } = value
    return isPlace(settled) && isPlace(sent) && settled <= sent ? { settled, sent } : undefined
  } catch {
    // Not JSON at all: what that means is said above.
    return undefined
  }
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
