/** The name of a node where none is given. */
export function numberedName(node: number): string {
  return `n${node}`
}
