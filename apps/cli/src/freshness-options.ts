import type { FreshnessSeconds } from '@warren/node'
import type { Command } from 'commander'
import { CommandError } from './command-error.ts'
import { wholeNumber } from './whole-number.ts'

/** Options of a command that founds a mesh: how old what its nodes know may be. */
export interface FreshnessOptions {
  readonly beacon: string
  readonly warn: string
  readonly deny: string
  readonly stop: string
  readonly skew: string
}

const SECONDS_MAX = 999_999
/** What a charter takes. */
const SKEW_SECONDS_MIN = 20
const SKEW_SECONDS_MAX = 3_600

/** Adds these options, each in seconds. */
export function withFreshness(command: Command): Command {
  return command
    .option('--beacon <seconds>', 'pause between two signs of life of a witness', '60')
    .option('--warn <seconds>', 'age from which a node says that its knowledge is old', '120')
    .option('--deny <seconds>', 'age from which a node begins nothing new', '300')
    .option('--stop <seconds>', 'age from which a node also ends what has begun', '1800')
    .option('--skew <seconds>', 'how far the clocks of two witnesses may differ, 20 or more', '60')
}

/**
 * Reads these options.
 *
 * @throws CommandError `usage` where no charter could say so
 */
export function freshnessOf(options: FreshnessOptions): FreshnessSeconds {
  const { beacon, warn, deny, stop, skew } = options
  const beaconSeconds = wholeNumber(beacon, '--beacon', SECONDS_MAX)
  const warnSeconds = wholeNumber(warn, '--warn', SECONDS_MAX)
  const denySeconds = wholeNumber(deny, '--deny', SECONDS_MAX)
  const stopSeconds = wholeNumber(stop, '--stop', SECONDS_MAX)
  const skewSeconds = wholeNumber(skew, '--skew', SKEW_SECONDS_MAX)
  if (skewSeconds < SKEW_SECONDS_MIN) {
    throw new CommandError(
      'usage',
      `--skew takes at least ${SKEW_SECONDS_MIN}: witnesses cannot keep closer together`,
    )
  }
  if (beaconSeconds <= warnSeconds && warnSeconds <= denySeconds && denySeconds <= stopSeconds) {
    return { beaconSeconds, warnSeconds, denySeconds, stopSeconds, skewSeconds }
  }
  throw new CommandError('usage', '--beacon, --warn, --deny and --stop must follow each other')
}
