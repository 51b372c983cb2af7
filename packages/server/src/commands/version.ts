/** `rockpool-server version` */
import { VERSION } from '../version.ts'
import type { Command } from './command.ts'

export const version: Command = {
  name: 'version',
  usage: '',
  summary: 'Prints the version of the server and of Node',
  details: '',
  options: {},
  run: async ({ output }) => {
    const { node } = process.versions
    output.result({ version: VERSION, node }, `rockpool-server ${VERSION}, Node ${node}\n`)
    return 0
  },
}
