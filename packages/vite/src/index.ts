export { rockpool, type RockpoolOptions } from './plugin.ts'
export { livestoreFixes } from './livestore-fixes/index.ts'
