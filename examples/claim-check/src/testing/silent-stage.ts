/** A program that listens as a stage does, and cuts each connection without a reply. */
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

const server = createServer((socket) => socket.once('data', () => socket.destroy()))
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port))
