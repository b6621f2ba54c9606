/**
 * `pnpm bench`: Warren beside what a user would take instead, all in one run, interleaved.
 *
 * Absolute figures move with the machine and its neighbours; only the ratios of one run count.
 * Options: `--quick` (short rounds), `--json FILE`.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeCertificates } from './certificates.ts'
import { measure, median, type Sample, type Variant } from './measure.ts'
import { measureRoundTrip } from './round-trip.ts'
import { directHttp, directStdio, mutualTls, stockLibp2p } from './variants.ts'
import { warrenOverHttp, warrenOverStdio } from './warren-variants.ts'

const CONCURRENCIES = [1, 16, 128]
const quick = process.argv.includes('--quick')
const ROUNDS = quick ? 3 : 5
const ROUND_MS = quick ? 700 : 2000
const WARM_UP_MS = 500

const directory = mkdtempSync(join(tmpdir(), 'warren-bench-'))
const certificates = makeCertificates(directory)
if (certificates === undefined)
  console.log('no openssl command here: the mutual TLS rows are left out')

const variants: Variant[] = [await directStdio(), await directHttp(), await stockLibp2p()]
if (certificates !== undefined) {
  variants.push(await mutualTls(certificates, true), await mutualTls(certificates, false))
}
variants.push(await warrenOverStdio(), await warrenOverHttp())

const results = new Map<string, Map<number, Sample>>()
for (const concurrency of CONCURRENCIES) {
  for (const variant of variants) await measure(variant, concurrency, WARM_UP_MS)
  const samples = new Map<Variant, Sample[]>(variants.map((variant) => [variant, []]))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const variant of variants) {
      samples.get(variant)?.push(await measure(variant, concurrency, ROUND_MS))
      process.stderr.write('.')
    }
  }
  for (const [variant, rounds] of samples) {
    const row = results.get(variant.name) ?? new Map<number, Sample>()
    results.set(variant.name, row.set(concurrency, median(rounds)))
  }
}
process.stderr.write('\n')
for (const variant of variants) await variant.stop()
const roundTrip = await measureRoundTrip()
rmSync(directory, { recursive: true, force: true })

print()

function print(): void {
  console.log(
    `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, ${cpus().length} × ${cpus()[0]?.model ?? '?'}`,
  )
  console.log(
    `median of ${ROUNDS} interleaved rounds of ${ROUND_MS} ms; CPU of all processes, the load generator included\n`,
  )
  for (const concurrency of CONCURRENCIES) {
    console.log(
      `concurrency ${concurrency}`.padEnd(40) + 'calls/s      p50 ms    p99 ms    CPU ms/call',
    )
    for (const [name, row] of results) {
      const sample = row.get(concurrency)
      if (sample === undefined) continue
      const { callsPerSecond, p50Ms, p99Ms, cpuMsPerCall } = sample
      console.log(
        name.padEnd(38) +
          callsPerSecond.toFixed(0).padStart(9) +
          p50Ms.toFixed(2).padStart(12) +
          p99Ms.toFixed(2).padStart(10) +
          cpuMsPerCall.toFixed(2).padStart(13),
      )
    }
    console.log('')
  }
  printRatios()
}

function printRatios(): void {
  const rate = (name: string): number => results.get(name)?.get(16)?.callsPerSecond ?? Number.NaN
  const warren = rate('Warren, host over stdio')
  console.log('Warren (host over stdio) against, at concurrency 16                goal')
  for (const [name, goal] of [
    ['mutual TLS, kept connection', 1],
    ['mutual TLS, new connection per call', 4],
    ['stock libp2p stream', 0.7],
  ] as const) {
    console.log(
      `  ${name.padEnd(40)}${(warren / rate(name)).toFixed(2).padStart(8)} ×      ≥ ${goal} ×`,
    )
  }
  console.log(
    `  p50 at an injected ${roundTrip.injectedMs} ms round trip`.padEnd(42) +
      `${(roundTrip.p50Ms / roundTrip.roundTripMs).toFixed(2).padStart(8)} RTT    ≤ 1.3 RTT  (${roundTrip.p50Ms.toFixed(1)} ms; a byte alone ${roundTrip.roundTripMs.toFixed(1)} ms)`,
  )
  console.log(
    `  the same, each call after a pause of 60 ms: ${roundTrip.restedP50Ms.toFixed(1)} ms, with the wake-up of five processes`,
  )
  const file = process.argv[process.argv.indexOf('--json') + 1]
  if (process.argv.includes('--json') && file !== undefined) {
    const rows = [...results].map(([name, row]) => Object.assign({ name }, Object.fromEntries(row)))
    writeFileSync(
      file,
      `${JSON.stringify({ node: process.versions.node, rows, roundTrip }, undefined, 2)}\n`,
    )
  }
}
