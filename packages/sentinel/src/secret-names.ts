/** What a name ends with, written without capitals and separators, when its value is secret whatever it looks like. */
const ENDINGS: readonly string[] = [
  'password',
  'passwd',
  'passphrase',
  'pwd',
  'secret',
  'token',
  'apikey',
  'accesskey',
  'privatekey',
  'secretkey',
  'signingkey',
  'encryptionkey',
  'credential',
  'credentials',
  'authorization',
  'cookie',
]
/** Tokens that say where something goes on, and give no access. */
const HARMLESS: readonly string[] = ['pagetoken', 'progresstoken', 'nexttoken', 'continuationtoken']
/** The end of a name is what counts. */
const NAME_LENGTH_MAX = 64

/** Whether the value under this name is secret whatever it looks like: `password`, `API_KEY`, `clientSecret`. */
export function isSecretName(name: string): boolean {
  const plain = name
    .slice(-NAME_LENGTH_MAX)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '')
  return (
    ENDINGS.some((ending) => plain.endsWith(ending)) &&
    !HARMLESS.some((ending) => plain.endsWith(ending))
  )
}
