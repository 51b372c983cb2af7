/** The engine in a simulated world that replays by seed. For tests, in Node. */
export { makeSettings, type Settings } from './settings.ts'
export { type Outcome, simulate } from './simulate.ts'
export type { WorldOptions } from './world.ts'
