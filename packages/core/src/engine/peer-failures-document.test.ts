/** The document of the peer failures names a test for each of them, and the tests are there. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const document = new URL('../../../../docs/concepts/peer-failures.md', import.meta.url)
const sections = readFileSync(document, 'utf8')
  .split(/^### /m)
  .slice(1)
  .map((section) => ({
    number: Number.parseInt(section, 10),
    tests: [...section.matchAll(/^- \[[^\]]+\]\(([^)]+)\): (.+)$/gm)].map(([, path, title]) => ({
      path: path!,
      title: title!,
    })),
  }))

test('the failures are numbered 1 to 32, as the code cites them', () => {
  expect(sections.map(({ number }) => number)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1))
})

test.each(sections)('peer failure $number has a test, which is where the document says', ({ tests }) => {
  expect(tests).not.toEqual([])
  for (const { path, title } of tests) {
    const source = readFileSync(new URL(path, document), 'utf8').replaceAll(String.raw`\'`, "'")
    expect(source.includes(title), `${path}: ${title}`).toBe(true)
  }
})
