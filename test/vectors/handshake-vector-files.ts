import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CALL_ROLES, type CallVector, callVector } from './call-vector.ts'
import { CHANNEL_CASES, type ChannelVector, channelVector } from './channel-vector.ts'

const FOLDER = join(import.meta.dirname, 'handshake')

export function vectorPath(name: string): string {
  return join(FOLDER, `${name}.json`)
}

export function readChannelVector(name: string): ChannelVector {
  return JSON.parse(readFileSync(vectorPath(name), 'utf8')) as ChannelVector
}

export function readCallVector(name: string): CallVector {
  return JSON.parse(readFileSync(vectorPath(name), 'utf8')) as CallVector
}

/** What each file has to hold, made anew from the fixed seeds. */
export function generateVectors(): ReadonlyMap<string, ChannelVector | CallVector> {
  const channels = CHANNEL_CASES.map((input) => [input.name, channelVector(input)] as const)
  const [[, channel] = []] = channels
  if (channel === undefined) throw new Error('there is no channel to make a call over')
  return new Map<string, ChannelVector | CallVector>([
    ...channels,
    ...CALL_ROLES.map((role) => [`call-from-${role}`, callVector(channel, role)] as const),
  ])
}
