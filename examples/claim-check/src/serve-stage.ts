/** A stage as an HTTP function: POST of a payload, a reply with the URI of the output. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { Artifacts } from '@rockpool/artifacts'
import { replyOfError } from './errors.ts'
import { parsePayload, type StageReply } from './payload.ts'
import { runStage, type Stage } from './stage.ts'

/** Serves on 127.0.0.1. Resolves with the port when it listens. */
export const serveStage = async (artifacts: Artifacts, stage: Stage, port: number): Promise<number> => {
  const server = createServer((incoming, outgoing) => {
    const respond = (status: number, reply: StageReply) => {
      outgoing.writeHead(status, { 'content-type': 'application/json' })
      outgoing.end(JSON.stringify(reply))
    }
    if (incoming.method !== 'POST') {
      return respond(405, { error: { code: 'bad_argument', message: 'POST { request_id, stage, input_uri }.' } })
    }
    text(incoming)
      .then((body) => runStage(artifacts, stage, parsePayload(body)))
      .then(({ uri }) => respond(200, { output_uri: uri }))
      .catch((error: unknown) => respond(500, replyOfError(error)))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}
