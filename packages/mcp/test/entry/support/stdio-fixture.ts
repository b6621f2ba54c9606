/**
 * The demo servers of these tests as programs on standard streams: `both` eras or `legacy` alone, under a name.
 */
import { duplexPair, pipeline } from 'node:stream'
import { bothEras, legacyOnly } from './servers.ts'

const [era = 'both', name = 'demo'] = process.argv.slice(2)
const [near, far] = duplexPair()
pipeline(process.stdin, far, process.stdout, () => process.exit())
const serve = era === 'legacy' ? legacyOnly(name) : bothEras(name)
serve(near)
