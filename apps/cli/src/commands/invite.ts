import { writeFileSync } from 'node:fs'
import { askNode, textMember } from '@warren/node'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { parseDurationMs } from '../duration.ts'

interface InviteOptions extends CommonOptions {
  readonly role: readonly string[]
  readonly enclave?: string
  readonly expires: string
  readonly file?: string
}

/** `warren invite`: one line of text that lets one machine in, once, until it expires. */
export async function invite(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<InviteOptions>()
  const { socket, output } = contextOf(options)
  const answer = await askNode(socket, {
    do: 'invite',
    roles: [...options.role],
    expiresInMs: parseDurationMs(options.expires),
    ...(options.enclave === undefined ? {} : { enclave: options.enclave }),
  })
  const line = textMember(answer, 'invitation')
  if (options.file === undefined) {
    output.progress(
      `Works once, until ${textMember(answer, 'expires')}. Whoever holds it can join: keep it secret.`,
    )
    output.result(answer, [line])
    return
  }
  writeFileSync(options.file, `${line}\n`, { mode: 0o600, flag: 'wx' })
  output.result({ file: options.file, expires: textMember(answer, 'expires') }, [
    `The invitation is in ${options.file}. It works once, until ${textMember(answer, 'expires')}.`,
  ])
}
