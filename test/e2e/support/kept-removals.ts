import { join } from 'node:path'
import { openStore } from '@warren/storage'
import type { ReadyNode } from './ready-mesh.ts'

/** The revocations in the store of a node, by their ids and as texts, whether it runs or not. */
export function keptRevocations({ directory }: ReadyNode): ReadonlyMap<string, string> {
  const store = openStore(join(directory, 'warren.db'))
  const all = [...store.records.all()]
  store.close()
  return new Map(
    all.flatMap(({ id, kind, text }) =>
      kind === 'removal' && text.includes('WarrenRevocationCredential')
        ? [[id, text] as const]
        : [],
    ),
  )
}
