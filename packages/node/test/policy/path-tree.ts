import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FactDeclarations, FactLayer, type FactReading, type FactRefusal } from '@warren/policy'
import { growPathTree } from '@warren/testkit'
import { afterAll } from 'vitest'
import { nodeFactPorts } from '../../src/policy/fact-ports.ts'

/** A directory that callers may read, `data`, among others that they may not; removed after the tests. */
export function makeTree(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'warren-paths-')))
  afterAll(() => rmSync(root, { recursive: true }))
  growPathTree(root)
  return root
}

/** The facts of a call of `fs/read` with one path; its base is `<root>/data`. */
export async function factsOfPath(
  root: string,
  path: unknown,
  options: Readonly<Record<string, string>> = {},
): Promise<FactReading | FactRefusal> {
  const layer = layerOf({ path: { type: 'path', base: `${root}/data`, ...options } })
  return layer.facts({ server: 'fs', tool: 'read', args: { path: path as string } })
}

/** A layer that knows one tool, `fs/read`, on this machine. */
export function layerOf(declared: Readonly<Record<string, Record<string, string>>>): FactLayer {
  return new FactLayer(FactDeclarations.read({ 'fs/read': declared }), nodeFactPorts())
}
