/** Small real files, made by ffmpeg once for a test. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { png } from '../content.ts'

export interface Sample {
  readonly type: string
  /** Bytes of the sample that no other seed gives. They stand where no reader of the format looks. */
  readonly bytes: (seed: string) => Buffer
}

const PICTURE = ['-f', 'lavfi', '-i', 'testsrc=size=64x48:rate=10', '-t', '1']
const SOUND = ['-f', 'lavfi', '-i', 'sine', '-t', '1']

/** By the extension of the file that ffmpeg writes. Its MP4 has the `moov` at the end. */
const RECIPES = {
  mp4: ['video/mp4', [...PICTURE, '-c:v', 'libx264', '-pix_fmt', 'yuv420p']],
  webm: ['video/webm', [...PICTURE, '-vf', "select='not(eq(mod(n,3),1))'", '-fps_mode', 'vfr', '-c:v', 'libvpx']],
  webp: ['image/webp', [...PICTURE, '-c:v', 'libwebp_anim', '-loop', '0']],
  opus: ['audio/ogg', [...SOUND, '-c:a', 'libopus']],
  flac: ['audio/flac', [...SOUND, '-c:a', 'flac']],
} as const

export type SampleName = keyof typeof RECIPES | keyof typeof TEXTS | 'png' | 'utf16' | 'latin1'

/** In every text, whatever its charset. */
export const PHRASE = 'Café Zürich'

/** The smallest PDF with a page. */
const PDF = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>endobj
trailer<</Root 1 0 R>>
%%EOF
`

const TEXTS = {
  svg: [
    'image/svg+xml',
    '<svg xmlns="http://www.w3.org/2000/svg" width="20" height="20"><style>rect{fill:red}</style><rect width="20" height="20"/></svg>',
    (seed: string) => `<!-- ${seed} -->`,
  ],
  pdf: ['application/pdf', PDF, (seed: string) => `% ${seed}\n`],
  vtt: ['text/vtt', 'WEBVTT\n\n00:00.000 --> 00:01.000\nA reef\n', (seed: string) => `\nNOTE ${seed}\n`],
  txt: ['text/plain', `${PHRASE} 日本語\n`, (seed: string) => seed],
} as const

const COMPUTED = {
  png: { type: 'image/png', bytes: (seed) => png(seed, 20, 20) },
  utf16: { type: 'text/plain', bytes: (seed) => Buffer.from(`\ufeff${PHRASE} ${seed}`, 'utf16le') },
  latin1: {
    type: 'text/plain;charset=iso-8859-1',
    bytes: (seed) => Buffer.from(`${PHRASE} ${seed}`, 'latin1'),
  },
} satisfies Partial<Record<SampleName, Sample>>

/** A box, or what comes behind the end: all of these readers skip it. */
const behind = (name: keyof typeof RECIPES, seed: string): Buffer => {
  const text = Buffer.from(seed)
  if (name === 'mp4') return Buffer.concat([Buffer.from([0, 0, 0, 8 + text.length]), Buffer.from('free'), text])
  if (name === 'webm') return Buffer.concat([Buffer.from([0xec, 0x80 + text.length]), text])
  return text
}

export const makeSamples = async (): Promise<Readonly<Record<SampleName, Sample>>> => {
  const folder = await mkdtemp(join(tmpdir(), 'rockpool-e2e-media-'))
  try {
    const made = await Promise.all(
      Object.entries(RECIPES).map(async ([name, [type, args]]) => {
        const path = join(folder, `sample.${name}`)
        await promisify(execFile)('ffmpeg', ['-v', 'error', ...args, path])
        const sample = await readFile(path)
        const bytes = (seed: string) => Buffer.concat([sample, behind(name as keyof typeof RECIPES, seed)])
        return [name, { type, bytes }] as const
      }),
    )
    const written = Object.entries(TEXTS).map(([name, [type, text, more]]) => {
      return [name, { type, bytes: (seed: string) => Buffer.from(text + more(seed)) }] as const
    })
    return { ...(Object.fromEntries([...made, ...written]) as Record<SampleName, Sample>), ...COMPUTED }
  } finally {
    await rm(folder, { recursive: true })
  }
}
