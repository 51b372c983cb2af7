/** ffmpeg and ffprobe, from the Debian package `ffmpeg`. */
import { spawn } from 'node:child_process'
import { MediaError, UsageError } from './errors.ts'

/**
 * Options before an input that a stranger made. Without them a playlist named `original.mp4` makes ffmpeg read other
 * files of this machine, and URLs, into the output.
 *
 * @see https://ffmpeg.org/ffmpeg-formats.html, "format_whitelist" and "protocol_whitelist"
 */
export const UNTRUSTED_VIDEO: readonly string[] = [
  ...['-protocol_whitelist', 'file'],
  ...['-format_whitelist', 'mov,mp4,matroska,webm,avi,mpegts,mpeg,ogg,flv,asf'],
]

/** The most that a program may print, in characters: of one that prints more, something is wrong. */
const MAX_OUTPUT = 1_000_000

/**
 * Runs a program to its end.
 *
 * @returns what it printed
 * @throws MediaError with its last line when it fails; UsageError when it is not installed
 */
export const runMedia = async (program: 'ffmpeg' | 'ffprobe', args: readonly string[]): Promise<string> => {
  const child = spawn(program, ['-v', 'error', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [output, complaint] = ['', '']
  child.stdout.on('data', (text) => {
    output += text
    if (output.length > MAX_OUTPUT) child.kill('SIGKILL')
  })
  child.stderr.on('data', (text) => (complaint = (complaint + text).slice(-2_000)))
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new UsageError(`${program} cannot be started. Install it: apt-get install ffmpeg.`, { cause })),
    )
    child.once('close', resolve)
  })
  if (code === 0) return output
  throw new MediaError(
    `${program} cannot read the media: ${complaint.trim().split('\n').at(-1) ?? `exit code ${code}`}`,
  )
}
