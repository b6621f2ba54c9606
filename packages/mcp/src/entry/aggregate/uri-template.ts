const EXPRESSION = /\{[^{}]*\}/

/**
 * Whether a URI may have come from a template (RFC 6570): its literal parts stand in it in their order.
 *
 * Generous, since a template only says whom to ask, and linear in the URI, since a peer chose the template.
 */
export function mayMatch(template: string, uri: string): boolean {
  const [first = '', ...others] = template.split(EXPRESSION)
  const last = others.pop()
  if (last === undefined) return template === uri
  if (!uri.startsWith(first)) return false
  let position = first.length
  for (const literal of others) {
    const found = uri.indexOf(literal, position)
    if (found === -1) return false
    position = found + literal.length
  }
  return uri.length - last.length >= position && uri.endsWith(last)
}
