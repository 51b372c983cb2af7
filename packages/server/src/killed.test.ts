import { killedCase } from './testing/killed-case.ts'

killedCase('local', async () => ({}))
