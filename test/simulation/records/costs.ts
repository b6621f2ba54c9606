/**
 * What things cost a node, measured on one core of the machine that the figures of docs/specs/records.md come from.
 *
 * The simulator charges them to every node, although it does the work once for all of them.
 */

/** Verifying a revocation that 2 of 3 admins signed: two Ed25519 and two ML-DSA-44 signatures, canonical form, ids. */
export const VERIFY_MS = 0.55
/** Taking one message in: decoding, and finding out that its records are known. */
export const MESSAGE_MS = 0.05
/** One `fsync` of an SSD. */
export const FSYNC_MS = 2
