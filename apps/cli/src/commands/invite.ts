import type { JsonValue } from '@warren/core'
import { askNode, checkEnclave, checkRoles, textMember } from '@warren/node/client'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { parseDurationMs } from '../duration.ts'
import { fillNew } from '../write-new.ts'

const EXPIRY_MAX = '30d'
const SECRET_MODE = 0o600

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
  checkRoles(options.role)
  if (options.enclave !== undefined) checkEnclave(options.enclave)
  const { file } = options
  const answer =
    file === undefined
      ? await ask(socket, options)
      : await askInto(file, () => ask(socket, options))
  const expires = textMember(answer, 'expires')
  if (file === undefined) {
    output.progress(`Works once, until ${expires}. Whoever holds it can join: keep it secret.`)
    output.result(answer, [textMember(answer, 'invitation')])
    return
  }
  output.result({ file, expires }, [
    `The invitation is in ${file}. It works once, until ${expires}. Whoever holds it can join.`,
  ])
}

function ask(socket: string, options: InviteOptions): Promise<JsonValue> {
  return askNode(socket, {
    do: 'invite',
    roles: [...options.role],
    expiresInMs: parseDurationMs(options.expires, EXPIRY_MAX),
    ...(options.enclave === undefined ? {} : { enclave: options.enclave }),
  })
}

/** Takes the file first, so that no invitation is made that then has nowhere to go. */
function askInto(file: string, invited: () => Promise<JsonValue>): Promise<JsonValue> {
  return fillNew(file, SECRET_MODE, async (handle) => {
    const answer = await invited()
    await handle.writeFile(`${textMember(answer, 'invitation')}\n`)
    return answer
  })
}
