import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Makes a CA, a server and a client certificate (Ed25519) with the openssl command; undefined where that is missing. */
export function makeCertificates(directory: string): string | undefined {
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'ignore' })
  }
  try {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
      '-days',
      '2',
      '-subj',
      '/CN=bench ca',
    )
    writeFileSync(join(directory, 'san.cnf'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n')
    for (const name of ['server', 'client']) {
      openssl(
        'req',
        '-newkey',
        'ed25519',
        '-nodes',
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.csr`,
        '-subj',
        `/CN=${name}`,
      )
      openssl(
        'x509',
        '-req',
        '-in',
        `${name}.csr`,
        '-CA',
        'ca.crt',
        '-CAkey',
        'ca.key',
        '-CAcreateserial',
        '-out',
        `${name}.crt`,
        '-days',
        '2',
        '-extfile',
        'san.cnf',
      )
    }
    return directory
  } catch {
    // No openssl command on this machine: the variants that need certificates say so and are left out.
    return undefined
  }
}
