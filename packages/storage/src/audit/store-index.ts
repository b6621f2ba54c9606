import { join } from 'node:path'
import { AuditIndex, type IndexSource } from './audit-index.ts'
import { erasedRanges } from './closed-files.ts'
import { forgetErased, removeIndex } from './index-file.ts'

/** The file of the index of a log that a node writes, whether somebody has it open or not. */
export class StoreIndex {
  readonly #path: string
  /** The one that was opened last. */
  #opened: AuditIndex | undefined
  /** One thing after the other: an index that is being opened must not keep what is being forgotten. */
  #turn: Promise<unknown> = Promise.resolve()

  private constructor(path: string) {
    this.#path = path
  }

  /**
   * The index of a log; of what was erased before a crash came, its file holds nothing any more when this resolves.
   *
   * @throws whatever keeps that file from being removed
   */
  static async of(directory: string, firsts: readonly number[]): Promise<StoreIndex> {
    const path = join(directory, 'index.db')
    await forgetErased(path, await erasedRanges(directory, firsts))
    return new StoreIndex(path)
  }

  /** Opens it, or makes it; its owner closes it before the log is stopped. */
  async open(source: IndexSource): Promise<AuditIndex> {
    return this.#inTurn(async () => {
      this.#opened = await AuditIndex.open(this.#path, source)
      return this.#opened
    })
  }

  /**
   * Forgets all: what was erased from the log lies in its files no more when this resolves.
   *
   * @throws whatever keeps the file from being removed
   */
  async forget(): Promise<void> {
    await this.#inTurn(async () => {
      if (this.#opened?.isOpen === true) await this.#opened.forget()
      else await removeIndex(this.#path)
    })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {
      // Whoever asked is told; the next one stands for itself.
    })
    return turn
  }
}
