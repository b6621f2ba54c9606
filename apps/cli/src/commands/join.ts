import { existsSync } from 'node:fs'
import { joinMesh } from '@warren/node'
import { readSharedFileOrPipe } from '@warren/node/client'
import type { Command } from 'commander'
import { CommandError } from '../command-error.ts'
import { contextOf } from '../context.ts'
import { joinByFile, type JoinFileOptions } from '../join-by-file.ts'
import { joinedWords } from '../joined-words.ts'
import { newPassphrase } from '../passphrase.ts'

const INVITATION_BYTES_MAX = 64 * 1024
const JOIN_TIMEOUT_MS = 30_000
/** Whoever writes into the pipe may have to be asked for a passphrase first. */
const PIPE_TIMEOUT_MS = 120_000

interface JoinOptions extends JoinFileOptions {
  readonly name: string
  readonly listen?: readonly string[]
}

/** `warren join`: become a member, with an invitation as text or as the name of a file, or by files alone. */
export async function join(
  invitation: string | undefined,
  _options: unknown,
  command: Command,
): Promise<void> {
  const options = command.optsWithGlobals<JoinOptions>()
  const ways = [invitation, options.request, options.membership]
  if (ways.filter((way) => way !== undefined).length !== 1) {
    throw new CommandError('usage', 'say one of: an invitation, --request, --membership')
  }
  if (invitation === undefined) await joinByFile(options)
  else await joinByInvitation(invitation, options)
}

async function joinByInvitation(invitation: string, options: JoinOptions): Promise<void> {
  const { directory, output } = contextOf(options)
  const passphrase = await newPassphrase(options)
  try {
    const member = await joinMesh({
      directory,
      invitation: await readInvitation(invitation),
      name: options.name,
      passphrase,
      signal: AbortSignal.timeout(JOIN_TIMEOUT_MS),
      progress: (line) => output.progress(line),
      ...(options.passphraseFile === undefined ? {} : { passphraseFile: options.passphraseFile }),
      ...(options.listen === undefined ? {} : { listen: options.listen }),
    })
    output.result({ ...member, roles: [...member.roles] }, joinedWords(directory, member))
  } finally {
    passphrase.fill(0)
  }
}

/** @throws CommandError `invitation-malformed`, StorageError of a file or pipe that is there and holds no text */
async function readInvitation(argument: string): Promise<string> {
  if (argument.replaceAll(/\s+/g, '').startsWith('warren-invite:')) return argument
  if (!existsSync(argument)) {
    // Not told what it was: an invitation without its beginning is a secret still.
    throw new CommandError(
      'invitation-malformed',
      'this is no file that is there, and an invitation begins with "warren-invite:"; copy the whole line',
    )
  }
  const text = await readSharedFileOrPipe({
    path: argument,
    bytesMax: INVITATION_BYTES_MAX,
    signal: AbortSignal.timeout(PIPE_TIMEOUT_MS),
  })
  return text.trim()
}
