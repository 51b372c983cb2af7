import { expect, it, vi } from 'vitest'
import { connectionReporter, watchConnection } from './connection.ts'

const refusal = 'This token may not write in the store "shop".'

it('a refusal reaches every page, also those that open later, until changes are taken again', async () => {
  const tell = connectionReporter('shop')
  const page = watchConnection('shop')
  tell({ connected: true })
  tell({ refusal })
  await vi.waitFor(() => expect(page.refusal()).toBe(refusal))
  const later = watchConnection('shop')
  const changed = vi.fn()
  later.subscribe(changed)
  await vi.waitFor(() => expect(later.refusal()).toBe(refusal))
  expect(changed).toHaveBeenCalled()

  tell({ refusal: undefined })
  await vi.waitFor(() => expect([page.refusal(), later.refusal()]).toEqual([undefined, undefined]))
})

it('a refusal stays while another tab takes over the connection, until its pushes are answered', async () => {
  connectionReporter('school')({ refusal })
  const page = watchConnection('school')
  await vi.waitFor(() => expect(page.refusal()).toBe(refusal))
  const seen = new Set<string | undefined>()
  page.subscribe(() => seen.add(page.refusal()))
  const tell = connectionReporter('school')
  tell({ connected: false })
  tell({ connected: true })
  tell({ refusal: 'another' })
  await vi.waitFor(() => expect(page.refusal()).toBe('another'))
  expect([...seen]).toEqual([refusal, 'another'])
})
