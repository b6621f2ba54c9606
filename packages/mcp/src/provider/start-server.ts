import { HttpBackend } from '../http/http-backend.ts'
import type { ServerDefinition } from '../server-definition.ts'
import type { Backend } from './backend.ts'
import { ProcessBackend, type ProcessBackendComponents } from './process-backend.ts'

/**
 * Starts a server as a child process, or makes ready to reach it over HTTP.
 *
 * @throws McpError `server-start-failed`
 */
export function startServer(
  definition: ServerDefinition,
  components: ProcessBackendComponents,
): Promise<Backend> {
  return definition.transport === 'stdio'
    ? ProcessBackend.start(definition, components)
    : Promise.resolve(new HttpBackend(definition, components))
}
