/** A file that is opened as a document of its own. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test } from 'vitest'
import { BROWSERS } from './device.ts'
import { inWorld } from './world.ts'

describe.each(BROWSERS)('a file as a document (%s)', (browser) => {
  test('a sound plays, and a text has its charset', () =>
    inWorld(browser, async ({ A }) => {
      const tab = await A.open()
      const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-sound-'))
      onTestFinished(() => rm(folder, { recursive: true }))
      const sound = join(folder, 'sound.webm')
      await promisify(execFile)('ffmpeg', ['-f', 'lavfi', '-i', 'sine', '-t', '1', '-c:a', 'libopus', sound])
      await tab.pick(sound)
      await tab.shows('sound.webm')
      const urls = await tab.inPage(async (pool) => {
        const [sound] = pool.files.list()
        const text = await pool.add(new File(['Café Zürich 日本語'], 'notes.txt', { type: 'text/plain' }))
        const old = new File([Uint8Array.from('Café Zürich', (character) => character.charCodeAt(0))], 'old.txt')
        const latin1 = await pool.add(old, { type: 'text/plain' })
        return [sound!, text, latin1].map((file) => new URL(pool.url(file), location.href).href)
      })
      // A frame is a document like a tab, and WebDriver BiDi reports no navigation to a media document in Firefox.
      const seconds = await tab.inPage(async (_pool, url) => {
        const frame = document.createElement('iframe')
        frame.src = url
        document.body.append(frame)
        for (;;) {
          const media = frame.contentDocument?.querySelector<HTMLMediaElement>('video, audio')
          // Known once it has been decoded. Firefox fails after that on a machine without a sound device.
          if (media && !Number.isNaN(media.duration)) return media.duration
          if (media?.error) throw new Error(`It does not play: ${media.error.message}`)
          await new Promise((turned) => requestAnimationFrame(turned))
        }
      }, urls[0]!)
      expect(seconds).toBeCloseTo(1, 1)
      const own = await A.blank()
      await own.goto(urls[1]!, { waitUntil: 'domcontentloaded' })
      expect(await own.evaluate(() => [document.characterSet, document.body.innerText.trim()])).toEqual([
        'UTF-8',
        'Café Zürich 日本語',
      ])
      await own.goto(urls[2]!, { waitUntil: 'domcontentloaded' })
      expect(await own.evaluate(() => [document.characterSet, document.body.innerText.trim()])).toEqual([
        'windows-1252',
        'Café Zürich',
      ])
    }))
})
