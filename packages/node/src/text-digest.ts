import { nodeSuite as suite } from '@warren/crypto/node-suite'

/** Names a text: the SHA-256 of its UTF-8, base64url, 43 characters. */
export function textDigest(text: string): string {
  return Buffer.from(suite.sha256(Buffer.from(text, 'utf8'))).toString('base64url')
}
