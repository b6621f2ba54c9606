import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import { StorageError } from '../storage-error.ts'

const SCID = /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/
const BYTES_MAX = 16 * 1_048_576
const COSIGNER_FILE = /\.jsonl$/
/** Key logs of cosigners that are kept, and the bytes of all of them. */
export const COSIGNER_LOGS_MAX = 1_024
export const COSIGNER_LOGS_BYTES_MAX: number = 64 * 1_048_576

/** Copies of what whoever verifies the log offline needs beside it. */
export class AuditCopies {
  readonly #directory: string

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Keeps the key log of the node, by which its checkpoints are verified. */
  async writeNodeLog(text: string): Promise<void> {
    await this.#write('node.jsonl', text)
  }

  /** Keeps the charter of the mesh. */
  async writeCharter(text: string): Promise<void> {
    await this.#write('charter.json', text)
  }

  /**
   * Keeps the key log of one who cosigns; gives how many others went for it, those that were written longest ago.
   *
   * @throws StorageError `record-malformed` for what is not the SCID of a DID, `file-too-large`
   */
  async writeCosignerLog(scid: string, text: string): Promise<number> {
    const name = cosignerName(scid)
    if (Buffer.byteLength(text) > BYTES_MAX) {
      throw new StorageError('file-too-large', `a key log has at most ${BYTES_MAX} bytes`)
    }
    await this.#write(name, text)
    const old = await this.#tooMany(join(this.#directory, name))
    for (const path of old) await rm(path, { force: true })
    return old.length
  }

  async readNodeLog(): Promise<string> {
    return this.#read('node.jsonl')
  }

  async readCharter(): Promise<string> {
    return this.#read('charter.json')
  }

  async readCosignerLog(scid: string): Promise<string> {
    return this.#read(cosignerName(scid))
  }

  /** Key logs of cosigners for which there is no room beside the one that was just written. */
  async #tooMany(written: string): Promise<readonly string[]> {
    const directory = join(this.#directory, 'witness')
    const files: { readonly path: string; readonly size: number; readonly mtimeMs: number }[] = []
    for (const name of await readdir(directory)) {
      const path = join(directory, name)
      if (!COSIGNER_FILE.test(name)) continue
      const stats = await lstat(path)
      if (stats.isFile()) files.push({ path, size: stats.size, mtimeMs: stats.mtimeMs })
    }
    const isWritten = ({ path }: { readonly path: string }): number => (path === written ? 0 : 1)
    const newestFirst = files.toSorted(
      (a, b) => isWritten(a) - isWritten(b) || b.mtimeMs - a.mtimeMs,
    )
    let bytes = 0
    const fit = newestFirst.slice(0, COSIGNER_LOGS_MAX).filter(({ size }) => {
      bytes += size
      return bytes <= COSIGNER_LOGS_BYTES_MAX
    }).length
    return newestFirst.slice(fit).map(({ path }) => path)
  }

  async #write(name: string, text: string): Promise<void> {
    const path = join(this.#directory, name)
    await writePrivateFile({ path, bytes: Buffer.from(text), replace: true })
  }

  async #read(name: string): Promise<string> {
    const bytes = await readPrivateFile(join(this.#directory, name), BYTES_MAX)
    return Buffer.from(bytes).toString('utf8')
  }
}

function cosignerName(scid: string): string {
  if (SCID.test(scid)) return join('witness', `${scid}.jsonl`)
  throw new StorageError('record-malformed', 'a cosigner is named by the SCID of its DID')
}
