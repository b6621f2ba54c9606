import { type FactDeclarations, factTypeOf, type ToolDefinition } from '@warren/policy'

/** Every tool that is pinned, declared or both, once. */
export function definedTools(
  pinned: readonly ToolDefinition[],
  declarations: FactDeclarations,
): readonly ToolDefinition[] {
  const tools = new Map(pinned.map((tool) => [`${tool.server}/${tool.name}`, tool]))
  for (const id of declarations.tools()) {
    // The name of a server has no slash, that of a tool may have one.
    const slash = id.indexOf('/')
    const server = id.slice(0, slash)
    const name = id.slice(slash + 1)
    const facts = Object.fromEntries(
      declarations
        .argumentsOf(server, name)
        .map((argument) => [argument.address.text, factTypeOf(argument)]),
    )
    tools.set(id, { server, name, ...tools.get(id), facts })
  }
  return [...tools.values()]
}
