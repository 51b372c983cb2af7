export { registerRockpool, rockpoolRoute, type RockpoolRoute } from './route.ts'
