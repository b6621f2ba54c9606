import { SETTLED_MS, syncMesh } from '../actors/sync-mesh.ts'

const simulation = syncMesh({ seed: Number(process.argv[2]), faults: undefined }, { gossip: {} })
simulation.runUntil(SETTLED_MS)
process.stdout.write(simulation.digest)
