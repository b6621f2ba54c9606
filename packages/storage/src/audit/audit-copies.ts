import { join } from 'node:path'
import { readPrivateFile, writePrivateFile } from '../private-file.ts'
import { StorageError } from '../storage-error.ts'

const SCID = /^Qm[1-9A-HJ-NP-Za-km-z]{44}$/
const BYTES_MAX = 16 * 1_048_576

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
   * Keeps the key log of one who cosigns.
   *
   * @throws StorageError `record-malformed` for what is not the SCID of a DID
   */
  async writeCosignerLog(scid: string, text: string): Promise<void> {
    await this.#write(cosignerName(scid), text)
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
