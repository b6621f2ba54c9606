const started = performance.now()

/** Prints one step of the demo with the time since it began. */
export function step(title: string): void {
  process.stdout.write(`\n[${seconds(performance.now() - started)}] ${title}\n`)
}

/** Prints one thing that was seen. */
export function seen(text: string): void {
  process.stdout.write(`         ${text}\n`)
}

/** Runs a piece of work and returns its result with the milliseconds it took. */
export async function timed<T>(
  work: () => Promise<T>,
): Promise<{ readonly value: T; readonly ms: number }> {
  const from = performance.now()
  const value = await work()
  return { value, ms: performance.now() - from }
}

/** Seconds since the demo began. */
export function elapsedMs(): number {
  return performance.now() - started
}

/** Milliseconds as people read them. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1).padStart(5)} s`
}
