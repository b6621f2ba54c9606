/**
 * Turns JSON as editors write it (comments, commas before a closing bracket) into plain JSON of the same length.
 *
 * What is cut out becomes spaces, so that places in an error message still fit.
 */
export function plainJson(text: string): string {
  return text.replaceAll(TOKEN, (token) => {
    if (token.startsWith('"')) return token
    if (token.startsWith(',')) return ` ${blank(token.slice(1))}`
    return blank(token)
  })
}

/** A string, a comment, or a comma that only blanks and comments divide from a closing bracket. */
const TOKEN =
  /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/|,(?=(?:\s|\/\/[^\n]*\n|\/\*[^*]*\*+(?:[^/*][^*]*\*+)*\/)*[\]}])/g

function blank(token: string): string {
  return token.replaceAll(/[^\n]/g, ' ')
}
