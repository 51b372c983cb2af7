import { type Expired, type ExpireOptions, expireRequests } from '../artifacts/expire-requests.ts'
import type { Task } from './task.ts'

export const expireArtifacts: Task<Omit<ExpireOptions, 'now'>, Expired> = {
  name: 'expire',
  run: (args, { parts, signal }) => expireRequests(parts.store, { ...args, now: Date.now() }, signal),
}
