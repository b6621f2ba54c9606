import { type Fault } from './fault.ts'

/** A list of faults that breaks something, and how to ask whether fewer do. */
export interface ShrinkOptions {
  readonly faults: readonly Fault[]
  readonly breaks: (faults: readonly Fault[]) => boolean
  /** How often it may be asked. */
  readonly runsMax: number
}

/** Leaves out faults, half of them first and single ones last, as long as what is left still breaks it. */
export function shrinkFaults({ faults, breaks, runsMax }: ShrinkOptions): readonly Fault[] {
  let left = faults
  let runs = 0
  for (let size = Math.ceil(left.length / 2); size > 0; size = nextSize(size)) {
    for (let start = 0; start < left.length && runs < runsMax; runs += 1) {
      const fewer = [...left.slice(0, start), ...left.slice(start + size)]
      if (breaks(fewer)) left = fewer
      else start += size
    }
  }
  return left
}

function nextSize(size: number): number {
  return size === 1 ? 0 : Math.ceil(size / 2)
}
