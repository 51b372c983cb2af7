import { describe, expect, it } from 'vitest'
import { applyFixes, FIXES } from './fixes.ts'
import { REPLACEMENTS } from './replacements.ts'
import { installedText } from './testing/livestore.ts'

describe('a fix', () => {
  it.each(FIXES)('finds its line once in LiveStore: $from', async ({ file, from }) => {
    // When this fails LiveStore has changed there: see whether the defect is mended, and remove the fix.
    expect((await installedText(file)).split(from)).toHaveLength(2)
  })

  it.each(FIXES)('stands in the text that is loaded: $to', async ({ file, from, to }) => {
    const mended = applyFixes(`/app/node_modules/${file}`, await installedText(file))
    expect(mended).toContain(to)
    expect(mended!.replace(to, '')).not.toContain(from)
  })

  it('says which version it is made for when its line is not there', () => {
    const { file } = FIXES[0]!
    expect(() => applyFixes(`/app/node_modules/${file}`, 'export {}')).toThrow(/made for LiveStore 0\.4\.0/)
  })

  it('leaves other modules alone', () => {
    expect(applyFixes('/app/node_modules/@livestore/common/dist/index.js', 'export {}')).toBeUndefined()
  })
})

describe('a replacement', { timeout: 60_000 }, () => {
  it.each(REPLACEMENTS)('exports what $file exports', async ({ file, by }) => {
    const names = [...(await installedText(file)).matchAll(/^export (?:const|class|function) (\w+)/gm)].map(
      ([, name]) => name!,
    )
    const ours = (await import(/* @vite-ignore */ by)) as object
    expect(names.length).toBeGreaterThan(0)
    expect(Object.keys(ours)).toEqual(expect.arrayContaining(names))
  })
})
