import {
  type Fact,
  FactDeclarations,
  FactLayer,
  type FactPorts,
  type FactReading,
  type FactRefusal,
  loadPostgresParser,
} from '@warren/policy'
import type { JsonObject } from '@warren/core'

/** A machine with one directory, `/data`, with nothing in it, no resolver and no schemas. */
export const EMPTY_MACHINE: FactPorts = {
  files: {
    lstat: async (path) =>
      path === '/' || path === '/data'
        ? { kind: 'directory', device: '1', inode: path, bornNs: '1', changedNs: '1', names: 2 }
        : undefined,
    readlink: async () => {
      throw new Error('there are no links here')
    },
  },
  parseUrl: (text) => URL.parse(text) ?? undefined,
  postgres: loadPostgresParser,
  sqlite: new Map(),
}

/** A layer that knows one tool, `fs/read`. */
export function layerOf(declared: JsonObject, ports: Partial<FactPorts> = {}): FactLayer {
  return new FactLayer(FactDeclarations.read({ 'fs/read': declared }), {
    ...EMPTY_MACHINE,
    ...ports,
  })
}

/** The reading of a call of `fs/read`. */
export async function read(layer: FactLayer, args: JsonObject): Promise<FactReading | FactRefusal> {
  return layer.facts({ server: 'fs', tool: 'read', args })
}

/** The fact of a call whose only argument, `x`, is declared so; or the code of the refusal. */
export async function factOf(
  declaration: JsonObject,
  text: string,
  ports: Partial<FactPorts> = {},
): Promise<Fact | string> {
  const reading = await read(layerOf({ x: declaration }, ports), { x: text })
  if (reading.status === 'refused') return reading.code
  return reading.facts.get('x') ?? 'absent'
}
