/** Loads what a command needs when it is the one that runs: most commands need little of it. */
export function later<A extends unknown[]>(
  load: () => Promise<(...args: A) => Promise<void> | void>,
): (...args: A) => Promise<void> {
  return async (...args) => {
    const run = await load()
    await run(...args)
  }
}
