const PLAIN_NAME = /^[a-z_][a-z0-9_$]*$/

/** Writes a name of several parts so that no two names are written alike. */
export function sqlName(...parts: readonly string[]): string {
  return parts.length === 1 ? quoted(parts[0] ?? '') : parts.map(quoted).join('.')
}

function quoted(part: string): string {
  return PLAIN_NAME.test(part) ? part : `"${part.replaceAll('"', '""')}"`
}
