import { PART_SIZE } from '@rockpool/protocol'
import { webPlatform } from '../platform/web-platform.ts'
import type { Platform } from '../platform/platform.ts'
import { simulatedHashing } from '../simulation/hashing.ts'

/**
 * The web's, but for hashing that ends in the turn that asks for it: WebCrypto's threads end after any number of turns, and a test
 * that moves the clock meanwhile lets deadlines pass.
 */
export const testPlatform: Platform = { ...webPlatform, hashing: { ...simulatedHashing, partSize: PART_SIZE } }
