/** Where randomness comes from: fresh, unpredictable bytes in production, seeded bytes in tests. */
export interface RandomSource {
  /** Returns that many random bytes, never the same array twice. */
  randomBytes(length: number): Uint8Array
}
