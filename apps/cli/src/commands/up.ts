import { type NodeEvent, configuredPassphraseFile, startNode } from '@warren/node'
import type { Command } from 'commander'
import { type CommonOptions, contextOf } from '../context.ts'
import { visibleJson, visibleLine } from '../visible-text.ts'
import { existingPassphrase, type PassphraseOptions } from '../passphrase.ts'

interface UpOptions extends CommonOptions, PassphraseOptions {
  readonly trustClock?: boolean
}

/** `warren up`: run the node in the foreground until it is told to stop. */
export async function up(_options: unknown, command: Command): Promise<void> {
  const options = command.optsWithGlobals<UpOptions>()
  const { directory, output } = contextOf(options)
  const passphrase = await existingPassphrase(options, configuredPassphraseFile(directory))
  const log = options.json === true ? printJson : printLine
  // Before the start: whoever stops the node the moment it says that it is up, stops it cleanly.
  const { promise, resolve } = Promise.withResolvers<void>()
  output.onReaderGone(resolve)
  process.once('SIGINT', resolve)
  process.once('SIGTERM', resolve)
  const node = await startNode({
    directory,
    passphrase,
    report: log,
    trustClock: options.trustClock === true,
  })
  passphrase.fill(0)
  void node.stopRequested.then(resolve)
  await promise
  await node.stop()
}

function printJson(event: NodeEvent): void {
  const line = JSON.stringify({ at: new Date().toISOString(), ...event })
  process.stderr.write(`${visibleJson(line)}\n`)
}

function printLine(event: NodeEvent): void {
  const { event: name, level, message, ...fields } = event
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const mark = level === 'info' ? '' : `${level}: `
  const line = `${new Date().toISOString()} ${mark}${name} ${[message, ...rest].filter(Boolean).join(' ')}`
  process.stderr.write(`${visibleLine(line)}\n`)
}
