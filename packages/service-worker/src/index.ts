export type { RangePolicy } from './downloads.ts'
export { registerRockpool, type RockpoolOptions, rockpoolRoute, type RockpoolRoute } from './route.ts'
export { registerShell, type ShellOptions } from './shell.ts'
