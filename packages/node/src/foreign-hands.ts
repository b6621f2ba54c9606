/** Write rights of the group or of others. */
const FOREIGN_WRITE = 0o022
/** May write every file anyway. */
const ROOT = 0

/** By what somebody else than the node's own user could write a file: its rights, or because it is theirs. */
export type ForeignHands = 'rights' | 'owner'

/**
 * Says whether somebody else than the user that runs the node, and root, could change a file or what stands in a
 * directory: one that is theirs they can open to themselves. Where the platform has no users by number, owners say nothing.
 */
export function foreignHands(
  { uid, mode }: { readonly uid: number; readonly mode: number },
  self: number | undefined = process.geteuid?.(),
): ForeignHands | undefined {
  if ((mode & FOREIGN_WRITE) !== 0) return 'rights'
  if (self === undefined || uid === self || uid === ROOT) return undefined
  return 'owner'
}
