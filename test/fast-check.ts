/**
 * Property tests take the same inputs in each run, so that a change fails by what it changed. `FAST_CHECK_SEED=7 npm test -- <files>`
 * takes others; an input that fails becomes a test of its own.
 */
import fc from 'fast-check'

fc.configureGlobal({ seed: Number(import.meta.env.FAST_CHECK_SEED) })
