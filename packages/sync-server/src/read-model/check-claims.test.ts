import type { PoolEvent } from '@rockpool/core/records'
import type { RemoteKey } from '@rockpool/protocol'
import { describe, expect, it } from 'vitest'
import { testClock } from '../testing/clock.ts'
import { memoryDatabase } from '../test-support/memory-database.ts'
import { fileKey } from '../testing/file-events.ts'
import { checkClaims, type CheckClaimsOptions } from './check-claims.ts'

const stored = (name: string): PoolEvent => ({
  name: 'v2.ContentStored',
  opId: `store ${name}`,
  args: { remoteKey: fileKey(name) },
})

/** A log with claims of these names, of which object storage has `there`. */
const setUp = async (names: readonly string[], there: readonly string[]) => {
  const { log, push } = memoryDatabase()
  await push(...names.map(stored))
  const clock = testClock()
  const asked: { readonly key: RemoteKey; readonly at: number }[] = []
  const has = new Set(there.map((name) => fileKey(name)))
  const head = async (key: RemoteKey) => {
    asked.push({ key, at: clock.now() })
    return has.has(key)
  }
  const abort = new AbortController()
  const { readModel } = log
  const onFailure = (error: unknown) => {
    throw error
  }
  const check = (over: Partial<CheckClaimsOptions> = {}) => {
    const done = checkClaims({ readModel, head, onFailure, signal: abort.signal, clock, ...over })
    let isDone = false
    const settled = () => void (isDone = true)
    done.then(settled, settled)
    /** Moves the clock from timer to timer. */
    const finish = async () => {
      while (!isDone) {
        if (clock.timers > 0) clock.advance(100)
        await new Promise((turned) => void setImmediate(turned))
      }
      return done
    }
    return { done, finish }
  }
  return { readModel, push, clock, asked, abort, check }
}

describe('checkClaims', () => {
  it('asks once for each claim, and notes what it finds', async () => {
    const { readModel, asked, check } = await setUp(['a', 'b', 'c'], ['a', 'c'])
    expect(await check().finish()).toEqual({ found: 2, missing: 1 })
    expect(asked.map(({ key }) => key).toSorted()).toEqual(['a', 'b', 'c'].map((name) => fileKey(name)).toSorted())
    expect((await readModel.claimedContents()).claims).toEqual([{ remoteKey: fileKey('b'), seqNum: 2 }])
    expect((await readModel.content(fileKey('a')))?.check).toMatchObject({ found: true })
  })

  it('asks at the rate that is set, for all pages', async () => {
    const names = Array.from({ length: 105 }, (_, index) => `file ${index}`)
    const { asked, check } = await setUp(names, names)
    expect(await check({ perSecond: 10 }).finish()).toEqual({ found: 105, missing: 0 })
    const pauses = asked.slice(1).map(({ at }, index) => at - asked[index]!.at)
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(100)
    expect(asked).toHaveLength(105)
  })

  it('asks for what it missed after a day, and never for what it found', async () => {
    const { clock, asked, check } = await setUp(['a', 'b'], ['a'])
    await check().finish()
    asked.length = 0
    await check().finish()
    expect(asked).toEqual([])
    clock.advance(25 * 60 * 60 * 1_000)
    expect(await check().finish()).toEqual({ found: 0, missing: 1 })
    expect(asked.map(({ key }) => key)).toEqual([fileKey('b')])
  })

  it('checks the other claims when object storage fails for one', async () => {
    const { readModel, check } = await setUp(['a', 'b', 'c'], [])
    const failures: unknown[] = []
    const denied = new Error('denied')
    let asked = 0
    const head = async () => {
      if (++asked === 1) throw denied
      return true
    }
    const counts = await check({ head, onFailure: (error) => void failures.push(error) }).finish()
    expect([counts, failures]).toEqual([{ found: 2, missing: 0 }, [denied]])
    expect((await readModel.claimedContents()).claims).toHaveLength(1)
  })

  it('ends while it waits when its signal aborts', async () => {
    const { clock, asked, abort, check } = await setUp(['a', 'b'], [])
    const { done } = check()
    await expect.poll(() => clock.timers).toBe(1)
    abort.abort(new Error('stopping'))
    await expect(done).rejects.toThrow('stopping')
    expect([clock.timers, asked.length]).toEqual([0, 1])
  })

  it('does not count a claim that the log has changed in the meantime', async () => {
    const { push, check } = await setUp(['a'], ['a'])
    const head = async (remoteKey: RemoteKey) => {
      await push({ name: 'v2.ContentLost', opId: 'lost', args: { remoteKey } })
      return true
    }
    expect(await check({ head }).finish()).toEqual({ found: 0, missing: 0 })
  })
})
