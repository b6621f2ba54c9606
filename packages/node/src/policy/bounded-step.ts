/**
 * Waits so long for one step of the operating system. The step itself cannot be called off: what
 * hangs in the kernel goes on hanging, and its answer is not heard any more.
 */
export async function boundedStep<T>(step: Promise<T>, limitMs: number): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`the operating system did not answer within ${limitMs} ms`)),
    limitMs,
  )
  try {
    return await Promise.race([step, late])
  } finally {
    clearTimeout(timer)
  }
}
