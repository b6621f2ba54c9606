import type { JsonObject } from '@warren/core'
import { ControlRefusal } from '@warren/node/client'
import {
  type AdminKeys,
  adminKeyFileOf,
  adminOfKeys,
  configuredPassphraseFile,
  type MeshDescription,
  openAdminKeys,
  recordsOf,
  recordsOfNode,
  type RecordsClient,
  requestFor,
  type RequestView,
  type SigningRequest,
  signWith,
  type SubmitOutcome,
  viewRequest,
  writeRequestFile,
} from '@warren/node/ceremony'
import { confirm } from './confirm.ts'
import { type CommonOptions, type Context, contextOf } from './context.ts'
import { existingPassphrases } from './passphrase.ts'
import { nextWords, requestWords } from './request-words.ts'

/** Options of every command that decides something with the keys of administrators. */
export interface ProposeOptions extends CommonOptions {
  readonly keys?: readonly string[]
  readonly passphraseFile: readonly string[]
  readonly out?: string
  readonly yes?: boolean
}

/** What is decided, once the mesh is known, and whose keys are at hand. */
export type Build = (
  mesh: MeshDescription,
  atHand: readonly string[],
  node: RecordsClient,
) => readonly JsonObject[] | Promise<readonly JsonObject[]>

/**
 * Writes a request to the mesh that the node of this directory knows, signs it with the keys at hand after it was read
 * and agreed to, and gives it to the node when it is complete; else leaves it in a file for the others.
 */
export async function propose(options: ProposeOptions, kind: string, build: Build): Promise<void> {
  const context = contextOf(options)
  const node = recordsOfNode(context.socket)
  const mesh = await node.describe()
  const keys = await keysAtHand(options, context.directory)
  try {
    const atHand = keys.flatMap((each) => adminOfKeys(mesh, each) ?? [])
    const request = requestFor(mesh, await build(mesh, atHand, node))
    const signed = await agreeAndSign(request, { mesh, keys, options, context })
    await conclude(signed, { node, context, options, kind })
  } finally {
    for (const each of keys) each.wipe()
  }
}

/** The keys of `--keys`, or those that lie in the data directory. */
async function keysAtHand(
  { keys, passphraseFile }: ProposeOptions,
  directory: string,
): Promise<readonly AdminKeys[]> {
  const own = adminKeyFileOf(directory)
  const files = keys ?? (own === undefined ? [] : [own])
  const configured = keys === undefined && own !== undefined && passphraseFile.length === 0
  const source = configured ? configuredPassphraseFile(directory) : undefined
  const passphrases = await existingPassphrases(
    files,
    source === undefined ? passphraseFile : [source],
  )
  const opened: AdminKeys[] = []
  try {
    for (const [at, file] of files.entries()) {
      opened.push(await openAdminKeys(file, passphrases[at] ?? new Uint8Array()))
    }
    return opened
  } catch (error) {
    for (const each of opened) each.wipe()
    throw error
  } finally {
    for (const passphrase of passphrases) passphrase.fill(0)
  }
}

async function agreeAndSign(
  request: SigningRequest,
  {
    mesh,
    keys,
    options,
    context,
  }: {
    readonly mesh: MeshDescription
    readonly keys: readonly AdminKeys[]
    readonly options: ProposeOptions
    readonly context: Context
  },
): Promise<SigningRequest> {
  if (keys.length === 0) return request
  const view = viewRequest(request)
  await confirm(context.output, {
    lines: [...requestWords(view), ...calledLines(mesh, view)],
    question: 'Sign all of this?',
    yes: options.yes === true,
    json: options.json === true,
  })
  return keys.reduce((before, each) => signWith(before, each), request)
}

/** What the node here calls those whom the words name. The records hold DIDs alone: the names are no part of what is signed. */
function calledLines({ members }: MeshDescription, { records }: RequestView): readonly string[] {
  const words = records.flatMap((record) => record.words).join(' ')
  return members.flatMap(({ did, name }) =>
    name !== undefined && words.includes(did)
      ? [`${did} is called ${JSON.stringify(name)} in this mesh`]
      : [],
  )
}

/** What a machine without a network waits for: the signed request goes back to it. */
const AWAITED: ReadonlySet<string> = new Set(['admit', 'readmit'])

interface Conclusion {
  readonly node: RecordsClient
  readonly context: Context
  readonly options: Pick<ProposeOptions, 'out' | 'keys'>
  readonly kind: string
}

async function conclude(
  request: SigningRequest,
  { node, context: { output }, options, kind }: Conclusion,
): Promise<void> {
  const view = viewRequest(request)
  const file = options.out ?? `${kind}-${view.fingerprint.replaceAll(' ', '').slice(0, 8)}.json`
  if (!view.complete) {
    await writeRequestFile(file, request)
    const words = view.signed.length === 0 ? requestWords(view) : []
    output.result({ file, submitted: false, results: [], ...view }, [
      ...words,
      `The request is in ${file}.`,
      ...nextWords(view, file),
    ])
    return
  }
  const results = await submitOrKeep(request, { node, file, output })
  const isAwaited = AWAITED.has(kind)
  if (isAwaited) await writeRequestFile(file, request)
  output.result(
    { file: isAwaited ? file : null, submitted: true, results: [...results], ...view },
    [
      ...outcomeLines(results),
      ...(isAwaited
        ? [`Carry ${file} back: "warren join --membership ${file}" makes the machine a member.`]
        : []),
    ],
  )
}

/** What is signed is not lost because the node is: then it is kept in the file. */
async function submitOrKeep(
  request: SigningRequest,
  {
    node,
    file,
    output,
  }: {
    readonly node: RecordsClient
    readonly file: string
    readonly output: Context['output']
  },
): Promise<readonly ResultJson[]> {
  try {
    return await submitAll(node, request)
  } catch (error) {
    await writeRequestFile(file, request)
    output.progress(`The signed request is kept in ${file}; "warren submit ${file}" tries again.`)
    throw error
  }
}

/** What came of one record, as `--json` shows it. */
export type ResultJson = JsonObject & { readonly id: string | null; readonly outcome: string }

/**
 * Gives the records of a complete request to the node.
 *
 * @throws MembershipError `request-incomplete`; ControlRefusal with the node's code where it refuses one
 */
export async function submitAll(
  node: RecordsClient,
  request: SigningRequest,
): Promise<readonly ResultJson[]> {
  const outcomes = await node.submit(recordsOf(request))
  const refused = outcomes.find(({ outcome }) => outcome === 'refused')
  if (refused !== undefined) {
    throw new ControlRefusal(
      refused.code ?? 'record-invalid',
      `the node refused a record: ${refused.message ?? 'it does not say why'}`,
    )
  }
  return outcomes.map(resultJson)
}

function resultJson({ id, outcome }: SubmitOutcome): ResultJson {
  return { id: id ?? null, outcome }
}

/** What came of the records, in lines. */
export function outcomeLines(results: readonly ResultJson[]): readonly string[] {
  return [
    ...results.map(({ id, outcome }) => `${outcome.padEnd(9)} ${id ?? '-'}`),
    'The mesh learns of it from this node.',
  ]
}
