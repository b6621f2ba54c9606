import { NodeError } from '../node-error.ts'
import { LISTEN_DEFAULT, listenAddresses } from './config-schema.ts'

const SHOWN_LENGTH_MAX = 80

/**
 * Checks addresses to listen on that a person gives, before there is a configuration that has them.
 *
 * @throws NodeError `listen-malformed`
 */
export function checkListen(listen: readonly string[]): void {
  if (listenAddresses.safeParse(listen).success) return
  const wrong = listen.find((address) => !listenAddresses.safeParse([address]).success)
  const what =
    wrong === undefined ? 'these are too many' : JSON.stringify(wrong.slice(0, SHOWN_LENGTH_MAX))
  throw new NodeError(
    'listen-malformed',
    `${what}: an address to listen on is a multiaddr such as ${LISTEN_DEFAULT[0] ?? ''}`,
  )
}
