export { livestorePlugin } from './plugin.ts'
