import { COSIGNER_LOGS_BYTES_MAX, COSIGNER_LOGS_MAX } from '@warren/storage'
import { existsSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Key logs of cosigners beside a log: the files, as many as are read, and how many more there are. */
export interface CosignerCopies {
  readonly paths: readonly string[]
  readonly leftOut: number
}

/** Finds the key logs of cosigners that lie beside a log, as many of them as a node keeps, in the order of their names. */
export async function cosignerCopies(directory: string): Promise<CosignerCopies> {
  const witness = join(directory, 'witness')
  if (!existsSync(witness)) return { paths: [], leftOut: 0 }
  const names = (await readdir(witness)).filter((name) => name.endsWith('.jsonl')).toSorted()
  const paths: string[] = []
  let bytes = 0
  for (const name of names.slice(0, COSIGNER_LOGS_MAX)) {
    const path = join(witness, name)
    bytes += (await lstat(path)).size
    if (bytes > COSIGNER_LOGS_BYTES_MAX) break
    paths.push(path)
  }
  return { paths, leftOut: names.length - paths.length }
}
