import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type EntryProof, entrySentence, proveEntry } from '@warren/node/audit'
import { unwritableFile } from '@warren/node/client'
import type { Command } from 'commander'
import { givenSources, logDirectory, type SourceOptions } from '../audit-options.ts'
import { entryPlace } from '../audit-range.ts'
import { contextOf } from '../context.ts'
import { writeNew } from '../write-new.ts'

/** The verifier that needs nothing but Node. */
const VERIFIER = join(import.meta.dirname, '..', '..', 'audit-verify.mjs')

interface ProveOptions extends SourceOptions {
  readonly bundle?: string
}

/** `warren audit prove`: one entry, and what shows to anybody, offline and without Warren, that it stands in the log. */
export async function auditProve(seq: string, _options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<ProveOptions>()
  const context = contextOf(options)
  const proven = await proveEntry({
    directory: logDirectory(context, options.log),
    seq: entryPlace(seq),
    ...givenSources(options),
    nowMs: Date.now(),
  })
  const { text, proof, policy, cosigners, entry, sources } = proven
  const files = options.bundle === undefined ? [] : await writeBundle(options.bundle, proven)
  context.output.result(
    {
      seq: entry.seq,
      node: sources.log.did,
      entry: text,
      proof,
      policy,
      cosigners: [...cosigners],
      files: [...files],
    },
    [
      entrySentence(entry),
      `cosigned by ${cosigners.length === 0 ? 'nobody' : cosigners.join(', ')}`,
      '',
      ...(files.length === 0 ? [text, '', proof.trimEnd()] : files.map((file) => `wrote ${file}`)),
    ],
  )
}

/** Writes everything that an auditor needs into a directory of its own; nothing that lies there is replaced. */
async function writeBundle(
  directory: string,
  { entry, text, proof, policy, sources }: EntryProof,
): Promise<readonly string[]> {
  const verifier = await readFile(VERIFIER, 'utf8')
  const name = `entry-${entry.seq}`
  const contents: readonly (readonly [string, string])[] = [
    [`${name}.json`, text],
    [`${name}.tlog-proof`, proof],
    ['policy.txt', policy],
    ['node.jsonl', sources.log.text],
    ...(sources.charter === undefined ? [] : [['charter.json', sources.charter.text] as const]),
    ...sources.cosigners.map(({ scid, text: log }) => [`cosigner-${scid}.jsonl`, log] as const),
    ['audit-verify.mjs', verifier],
    ['README.txt', readme(name)],
  ]
  await mkdir(directory, { recursive: true }).catch((cause: unknown) => {
    throw unwritableFile(directory, cause)
  })
  const written: string[] = []
  try {
    for (const [file, content] of contents) {
      const path = join(directory, file)
      await writeNew(path, content)
      written.push(path)
    }
  } catch (error) {
    // Half a bundle shows nothing, and would stand in the way of the next one.
    for (const path of written) await rm(path, { force: true })
    throw error
  }
  return written
}

function readme(name: string): string {
  return `What is here shows that ${name}.json is an entry of the audit log of one node.

  node audit-verify.mjs proof ${name}.json ${name}.tlog-proof policy.txt

needs Node 24 or newer, and nothing else. policy.txt holds the keys of the node and of those who have cosigned.
That these are the keys of that node and of those cosigners follows from node.jsonl and cosigner-*.jsonl, which
"warren audit verify" checks; without it, compare the keys with a copy that you have from elsewhere.
`
}
