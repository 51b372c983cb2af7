export { rockpool, type RockpoolOptions } from './plugin.ts'
