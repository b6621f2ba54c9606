import { writeFile } from 'node:fs/promises'
import { CommandError } from './command-error.ts'

/** Who may read a file that a command makes, as everywhere: whoever the umask lets. */
const SHARED_MODE = 0o666

/**
 * Writes a file that must not be there yet, never through a symbolic link.
 *
 * @throws CommandError `file-exists`, `file-unwritable`
 */
export async function writeNew(
  path: string,
  content: string,
  mode: number = SHARED_MODE,
): Promise<void> {
  try {
    await writeFile(path, content, { flag: 'wx', mode })
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') {
      throw new CommandError('file-exists', `${path} is there already`, { cause })
    }
    throw new CommandError('file-unwritable', `${path} cannot be written`, { cause })
  }
}
