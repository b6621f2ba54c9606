import { textDigest } from '../text-digest.ts'

/** A name takes no more memory than this many characters of one byte, or half as many of two. */
const NAME_LENGTH_MAX = 64
const WIDE_NAME_LENGTH_MAX = 32

/** The name under which calls of a tool are counted: its own, or its digest where that is long or cannot be kept as it is. */
export function countedTool(tool: string): string {
  const lengthMax = /^[ -~]*$/.test(tool) ? NAME_LENGTH_MAX : WIDE_NAME_LENGTH_MAX
  const isPlain =
    tool !== '' && tool.length <= lengthMax && tool.isWellFormed() && !/\p{Cc}/u.test(tool)
  return isPlain ? tool : `sha256:${textDigest(JSON.stringify(tool))}`
}
