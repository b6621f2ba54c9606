import { askNode, textMember } from '@warren/node/client'
import { type StapleView, viewStapleFile, writeStapleFile } from '@warren/node/ceremony'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { parseDurationMs } from '../duration.ts'

const AGE_MAX = '365d'

interface StapleOptions extends CommonOptions {
  readonly out?: string
}

/** `warren staple`: what shows, to somebody who knows the mesh id alone, that this node is a member, and as of when. */
export async function staple(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<StapleOptions>()
  const { socket, output } = contextOf(options)
  const answer = await askNode(socket, { do: 'staple' })
  const [text, asOf] = [textMember(answer, 'staple'), textMember(answer, 'asOf')]
  const { out: file } = options
  if (file === undefined) {
    output.progress(`It says that this node was a member as of ${asOf}. It holds no secret.`)
    output.result(answer, [text])
    return
  }
  await writeStapleFile(file, text)
  output.result({ file, asOf }, [
    `The staple is in ${file}. It says that this node was a member as of ${asOf}; it holds no secret.`,
  ])
}

interface VerifyOptions extends CommonOptions {
  readonly mesh: string
  readonly maxAge?: string
}

/** `warren staple verify`: who a staple is about, and as of when; needs no node and no network. */
export async function verifyStaple(
  file: string,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<VerifyOptions>()
  const { output } = contextOf(options)
  const maxAgeMs =
    options.maxAge === undefined ? undefined : parseDurationMs(options.maxAge, AGE_MAX)
  const view = await viewStapleFile({ file, meshId: options.mesh, maxAgeMs })
  output.result(view, stapleWords(view))
}

function stapleWords(view: StapleView): readonly string[] {
  const { did, name, gen, mesh, meshName, enclave, roles, until, asOf, witnesses } = view
  return [
    `A member of ${meshName}, as of ${asOf}.`,
    '',
    `node      ${did}`,
    ...(name === null ? [] : [`name      ${name}`]),
    `mesh      ${mesh}`,
    `enclave   ${enclave}`,
    `roles     ${roles.join(', ') || '-'}`,
    `keys      generation ${gen}, peer ${view.peerIds.join(', ')}, as they were at admission`,
    `until     ${until}, unless it is taken away before`,
    ...witnesses.map((each) => `witness   ${each.did}, ${each.time}`),
    '',
    ageWords(view),
  ]
}

function ageWords({ asOf, ageSeconds }: StapleView): string {
  if (ageSeconds === null) {
    return `What has become of it since ${asOf} nobody has looked at: --max-age asks, by the clock of this machine.`
  }
  return `By the clock of this machine that is ${ageSeconds} s ago.`
}
