import { artifactsSuite } from './testing/artifacts-suite.ts'
import { serveLocalStore, setupOf } from './testing/server.ts'

artifactsSuite('through a server, local store', async () => setupOf(await serveLocalStore()))
