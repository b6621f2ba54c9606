/** Says how many bytes somebody holds, to whoever bounds them. */
export interface ByteAccount {
  /**
   * From now on that many bytes are held.
   *
   * @throws McpError `bytes-exhausted` when that is too many; what was held before counts on
   */
  holds(bytes: number): void
}

/** The account of whoever is bounded in other ways. */
export const UNBOUNDED_ACCOUNT: ByteAccount = { holds: () => {} }
