import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { configJsonSchema } from '../../src/config/config-schema.ts'

/** Publishes the schema that the code enforces: `node packages/node/test/config/write-schema.ts && pnpm format`. */
const path = join(import.meta.dirname, '../../../../docs/warren.schema.json')
writeFileSync(path, `${JSON.stringify(configJsonSchema(), undefined, 2)}\n`)
