import { readFileSync } from 'node:fs'
import { vi } from 'vitest'

const STILL = { timeout: 30_000, interval: 100 }
const STILL_LOOKS = 15

/** Bytes of memory that a process holds, as Linux counts them. */
export function residentBytes(pid: number): number {
  const [, kib = ''] = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, 'status')) ?? []
  return Number(kib) * 1024
}

/** Bytes that a process has written so far, to files and pipes alike. */
export function writtenBytes(pid: number): number {
  const [, bytes = ''] = /^wchar: (\d+)$/m.exec(read(pid, 'io')) ?? []
  return Number(bytes)
}

/** Waits until a process has written nothing for a while; gives what it has written in all. */
export async function untilStill(pid: number): Promise<number> {
  let before = -1
  let same = 0
  return vi.waitFor(() => {
    const written = writtenBytes(pid)
    same = written === before ? same + 1 : 0
    before = written
    if (same < STILL_LOOKS) throw new Error(`still writing: ${written} bytes`)
    return written
  }, STILL)
}

function read(pid: number, file: string): string {
  return readFileSync(`/proc/${pid}/${file}`, 'utf8')
}

/** Notes how far the memory of processes rises above where it stood at the start. */
export class MemoryWatch {
  readonly #start: ReadonlyMap<number, number>
  readonly #highest: Map<number, number>
  readonly #timer: NodeJS.Timeout

  constructor(pids: readonly number[], intervalMs = 20) {
    this.#start = new Map(pids.map((pid) => [pid, residentBytes(pid)]))
    this.#highest = new Map(this.#start)
    this.#timer = setInterval(() => this.#look(), intervalMs)
  }

  /** The highest rise of each process so far, in the order in which they were named. */
  rises(): readonly number[] {
    this.#look()
    return [...this.#start].map(([pid, bytes]) => (this.#highest.get(pid) ?? 0) - bytes)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    for (const [pid, highest] of this.#highest) {
      this.#highest.set(pid, Math.max(highest, residentBytes(pid)))
    }
  }
}
