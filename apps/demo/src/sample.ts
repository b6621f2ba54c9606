import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Writes the sample folder that the file server of the demo offers. */
export function writeSampleFolder(directory: string): string {
  const folder = join(directory, 'lab-notes')
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(folder, 'pump-7.md'),
    '# Pump 7\n\nBearing replaced on Tuesday. Vibration 2.1 mm/s, limit 4.5 mm/s.\n',
  )
  writeFileSync(join(folder, 'valves.csv'), 'valve,state\nV1,open\nV2,closed\nV3,open\n')
  return folder
}

/** The policy of the node that owns the files: members may read, nobody may write. */
export const FILES_POLICY = `// Members may look at the lab notes; whatever changes them is refused.
@id("files-read")
permit (principal in Warren::Role::"member", action in [Warren::Action::"list", Warren::Action::"read"], resource == Warren::Server::"files");

@id("files-call")
permit (principal in Warren::Role::"member", action in Warren::Action::"call", resource in Warren::Server::"files");

@id("no-writes")
@reason("the lab notes are read-only for the mesh")
forbid (principal, action in Warren::Action::"call", resource)
when { resource in [Warren::Tool::"files/write_file", Warren::Tool::"files/edit_file", Warren::Tool::"files/move_file", Warren::Tool::"files/create_directory"] };
`

/** A rule that lets members use all of one server. */
export function openPolicy(server: string): string {
  return `@id("${server}-members")
permit (principal in Warren::Role::"member", action, resource in Warren::Server::"${server}");
`
}
