/** What a name ends with, written without capitals and separators, when its value is secret; one `s` more changes nothing. */
const ENDINGS: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'apikey',
  'accesskey',
  'privatekey',
  'secretkey',
  'signingkey',
  'encryptionkey',
  'accesstoken',
  'apitoken',
  'authtoken',
  'bearertoken',
  'refreshtoken',
  'sessiontoken',
]
/** Secret too; in prose a colon may follow, and no secret. */
const TITLE_ENDINGS: readonly string[] = ['credential', 'authorization', 'cookie']
const ALL_ENDINGS = [...ENDINGS, ...TITLE_ENDINGS]
/** Secret too, but no plural of it: who counts words calls them tokens. */
const SINGULAR_ENDINGS: readonly string[] = ['token']
/** Tokens that say where something goes on, and give no access. */
const HARMLESS: readonly string[] = ['pagetoken', 'progresstoken', 'nexttoken', 'continuationtoken']
/** The last word is "pass"; in `compass` and `bypass` it is not a word. */
const PASS = /(?:^|[^A-Za-z])(?:pass|Pass|PASS)$|[A-Za-z]Pass$|[a-z]PASS$/
/** The end of a name is what counts. */
const NAME_LENGTH_MAX = 64

/** Whether the value under this name is secret whatever it looks like: `password`, `API_KEY`, `clientSecrets`, `token2`. */
export function isSecretName(name: string): boolean {
  const end = endOf(name)
  const plain = plainOf(end)
  if (HARMLESS.some((ending) => plain.endsWith(ending))) return false
  const singular = plain.endsWith('s') ? plain.slice(0, -1) : plain
  return (
    PASS.test(end) ||
    SINGULAR_ENDINGS.some((ending) => plain.endsWith(ending)) ||
    ALL_ENDINGS.some((ending) => singular.endsWith(ending))
  )
}

/** Whether what follows this name without quotation marks is secret too, where the two may as well be prose: `pass: 12 tests`. */
export function isSecretUnquoted(name: string): boolean {
  const end = endOf(name)
  if (PASS.test(end)) return end.length > 'pass'.length
  const plain = plainOf(end)
  const isTitle = plain.endsWith('s') || TITLE_ENDINGS.some((ending) => plain.endsWith(ending))
  return !isTitle && isSecretName(name)
}

/** The end of a name, without the numbers and separators behind its last word. */
function endOf(name: string): string {
  let end = name.length
  while (end > 0 && !/[A-Za-z]/.test(name.charAt(end - 1))) end -= 1
  return name.slice(Math.max(0, end - NAME_LENGTH_MAX), end)
}

function plainOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')
}
