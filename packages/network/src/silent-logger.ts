import type { ComponentLogger, Logger } from '@libp2p/interface'

/** A logger for libp2p that says nothing: its lines carry addresses and, at some levels, keys. */
export const silentLogger: ComponentLogger = {
  forComponent: () => silence,
}

function quiet(): void {
  // Nothing is said.
}

const silence: Logger = Object.assign(quiet, {
  enabled: false,
  error: quiet,
  trace: quiet,
  newScope: () => silence,
})
