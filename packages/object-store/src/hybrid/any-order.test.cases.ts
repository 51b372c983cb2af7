/** Everything in any order: calls, outages, kept answers that were lost, restarts. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { ObjectStore } from '../object-store.ts'
import { expectBytes, someBytes } from '../testing/bytes.ts'
import { Replicator } from './replicator.ts'
import { bytesOf, contentKey, eventually, hasReplicated, hybridSubject, put } from './hybrid.test.subject.ts'

/** Room for one of the three contents, or two. */
const CACHE_SIZE = 60_000

type Step =
  | { readonly do: 'put' | 'delete' | 'read' | 'copy' | 'refused'; readonly key: number; readonly seed: number }
  | { readonly do: 'down' | 'up' | 'flaky' | 'reopen' | 'settle' }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom('put', 'put', 'delete', 'read', 'copy', 'refused'),
        key: fc.nat(5),
        seed: fc.nat(),
      }),
    },
    { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('down', 'up', 'flaky', 'reopen', 'settle') }) },
  ),
  { minLength: 5, maxLength: 40 },
)

/**
 * @param openRemote gives the S3 side, empty
 * @param numRuns sequences to try
 */
export const anyOrderCase = (openRemote: () => Promise<ObjectStore>, numRuns: number): void => {
  describe('in any order', () => {
    const subject = hybridSubject(openRemote)

    test('whatever happens on both sides, S3 ends as the folder is', { timeout: 120_000 }, async () => {
      const fill = vi.spyOn(Replicator.prototype, 'fill')
      let round = 0
      const play = async (sequence: readonly Step[]) => {
        const storeId = `round-${round++}`
        // Three whose bytes change, and three contents, which alone are brought back from S3.
        const contents = await Promise.all(
          [1, 2, 3].map(async (i) => {
            const bytes = someBytes(i * 20_000, round * 3 + i)
            return { key: await contentKey(bytes, storeId), bytes }
          }),
        )
        const keys = [...[1, 2, 3].map((i) => `${storeId}/changes/${i}`), ...contents.map(({ key }) => key)]
        const model = new Map<string, Uint8Array<ArrayBuffer>>()
        const { s3 } = subject
        let hybrid = await subject.open({ cacheSize: CACHE_SIZE })

        const take = async (step: Step): Promise<void> => {
          switch (step.do) {
            case 'down':
              s3.down = true
              return
            case 'up':
              ;[s3.down, s3.fate] = [false, () => 'works']
              return
            case 'flaky': {
              let calls = 0
              // An odd number: an attempt asks whether S3 is there, then sends, and must not meet the same two forever.
              const fates = ['works', 'before', 'works', 'after', 'works'] as const
              ;[s3.down, s3.fate] = [false, () => fates[calls++ % fates.length]!]
              return
            }
            case 'reopen':
              await hybrid.close()
              hybrid = await subject.open({ cacheSize: CACHE_SIZE })
              return
            case 'settle':
              if (!s3.down) await hasReplicated(hybrid)
              return
          }
          const key = keys[step.key]!
          const bytes = contents.find((one) => one.key === key)?.bytes ?? someBytes(step.seed % 60_000, step.seed)
          const right = model.get(key)
          switch (step.do) {
            case 'put':
              await put(hybrid, key, bytes)
              model.set(key, bytes)
              return
            case 'refused': {
              const refused = hybrid.put(key, bytes, { size: bytes.length, sha256: new Uint8Array(32) })
              return expect(refused).rejects.toMatchObject({ code: 'digest_mismatch' })
            }
            case 'delete':
              await hybrid.delete(key)
              model.delete(key)
              return
            case 'copy': {
              const error = await hybrid.copy(key, keys[0]!).catch((reason: { code: string }) => reason.code)
              expect([right ? undefined : 'not_found', 'unavailable']).toContain(error)
              if (error === undefined) model.set(keys[0]!, right!)
              return
            }
            case 'read': {
              const found = await bytesOf(hybrid, key).catch((error: { code: string }) => error.code)
              if (right === undefined) expect(['not_found', 'unavailable']).toContain(found)
              else if (typeof found === 'string') expect(found).toBe('unavailable')
              else expectBytes(found, right)
            }
          }
        }

        try {
          for (const key of [3, 4, 5]) await take({ do: 'put', key, seed: 0 })
          await take({ do: 'settle' })
          for (const step of sequence) await take(step)
          await take({ do: 'up' })
          await hasReplicated(hybrid)
          await eventually(() => hybrid.checkHealth()).not.toHaveProperty('degraded')
          for (const side of [subject.remote, hybrid]) {
            const there = (await side.list(`${storeId}/`)).objects.map((object) => object.key)
            expect(there).toEqual([...model.keys()].toSorted())
            for (const key of there) expectBytes(await bytesOf(side, key), model.get(key)!)
          }
        } finally {
          await hybrid.close()
        }
      }
      await fc.assert(fc.asyncProperty(steps, play), { numRuns })
      // Objects were brought back, or this proves less than it says.
      expect(fill.mock.results.filter(({ value }) => value !== undefined).length).toBeGreaterThan(numRuns)
    })
  })
}
