/** What servers list. */
export type ItemKind = 'tools' | 'prompts' | 'resources' | 'templates'

export const ITEM_KINDS: readonly ItemKind[] = ['tools', 'prompts', 'resources', 'templates']

export interface KindRule {
  readonly listMethod: string
  /** The member of a list result that holds the items. */
  readonly member: string
  /** The member of an item that identifies it. */
  readonly key: string
  /** The server capability without which it is not asked. */
  readonly capability: 'tools' | 'prompts' | 'resources'
  /** Names are made unique; URIs are identities, and stay. */
  readonly renamed: boolean
}

export const KINDS: Readonly<Record<ItemKind, KindRule>> = {
  tools: {
    listMethod: 'tools/list',
    member: 'tools',
    key: 'name',
    capability: 'tools',
    renamed: true,
  },
  prompts: {
    listMethod: 'prompts/list',
    member: 'prompts',
    key: 'name',
    capability: 'prompts',
    renamed: true,
  },
  resources: {
    listMethod: 'resources/list',
    member: 'resources',
    key: 'uri',
    capability: 'resources',
    renamed: false,
  },
  templates: {
    listMethod: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    capability: 'resources',
    renamed: false,
  },
}

const BY_LIST_METHOD: ReadonlyMap<string, ItemKind> = new Map([
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'templates'],
])

export function kindOfListMethod(method: string): ItemKind | undefined {
  return BY_LIST_METHOD.get(method)
}
