/** A Streamable HTTP server in a process of its own; with a certificate folder as argument, under mutual TLS. */
import { readFileSync } from 'node:fs'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { join } from 'node:path'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { createTrivialServer } from './trivial-server.ts'

const [, , certificates] = process.argv
const serve = toNodeHandler(createMcpHandler(createTrivialServer))
const listener: RequestListener = (request, response) => {
  const { method = 'GET', url = '/' } = request
  void serve(Object.assign(request, { method, url }), response)
}

const server =
  certificates === undefined
    ? createHttp(listener)
    : createHttps(
        {
          key: readFileSync(join(certificates, 'server.key')),
          cert: readFileSync(join(certificates, 'server.crt')),
          ca: readFileSync(join(certificates, 'ca.crt')),
          requestCert: true,
          rejectUnauthorized: true,
          minVersion: 'TLSv1.3',
          ecdhCurve: 'X25519MLKEM768',
        },
        listener,
      )
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.send?.({ port: address.port })
})
process.on('disconnect', () => process.exit(0))
