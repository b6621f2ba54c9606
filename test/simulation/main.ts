/** `pnpm simulate`: many seeds of one scenario; `--nodes 1000 --seeds 200`, `--json` for programs. */
import { SCENARIOS } from './scenarios.ts'
import { simulate } from './simulate.ts'

process.exitCode = simulate(process.argv.slice(2), {
  scenarios: SCENARIOS,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
