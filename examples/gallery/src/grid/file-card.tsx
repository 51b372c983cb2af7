import {
  File,
  FileArchive,
  FileCode,
  FileSpreadsheet,
  FileText,
  Image,
  type LucideIcon,
  Music,
  Presentation,
  Type,
  Video,
} from 'lucide-react'
import type { FileRecord } from 'rockpool'
import type { CSSProperties } from 'react'
import { extensionOf, formatBytes } from '../file-facts.ts'
import { shownName } from '../shown-name.ts'

interface Look {
  readonly icon: LucideIcon
  /** of OKLCH, in degrees */
  readonly hue: number
}

/** First match counts. */
const LOOKS: readonly (readonly [pattern: RegExp, look: Look])[] = [
  [/^image\//, { icon: Image, hue: 195 }],
  [/^video\//, { icon: Video, hue: 300 }],
  [/^audio\//, { icon: Music, hue: 340 }],
  [/^font\//, { icon: Type, hue: 285 }],
  [/pdf$/, { icon: FileText, hue: 25 }],
  [/zip|compressed|archive|tar$|gzip/, { icon: FileArchive, hue: 70 }],
  [/sheet|excel|csv/, { icon: FileSpreadsheet, hue: 150 }],
  [/presentation|powerpoint/, { icon: Presentation, hue: 45 }],
  [/json|javascript|xml|html|css|x-sh|typescript|svg/, { icon: FileCode, hue: 260 }],
  [/^text\/|word|document/, { icon: FileText, hue: 235 }],
]
const PLAIN: Look = { icon: File, hue: 210 }

const lookOf = (type: string): Look => LOOKS.find(([pattern]) => pattern.test(type))?.[1] ?? PLAIN

/** A card for what has no picture; with a played part (0 to 1) for sounds. */
export const FileCard = ({ file, played }: { readonly file: FileRecord; readonly played?: number }) => {
  const { icon: Icon, hue } = lookOf(file.type)
  return (
    <div className="card" style={{ '--hue': hue, '--played': played ?? 0 } as CSSProperties}>
      {played === undefined ? (
        <Icon size={34} strokeWidth={1.4} aria-hidden="true" />
      ) : (
        <Wave seed={file.remoteKey} played={played} />
      )}
      <div className="card-facts">
        <strong>{extensionOf(shownName(file.name)) || 'file'}</strong>
        <span>{formatBytes(file.size)}</span>
      </div>
    </div>
  )
}

const BARS = 32

/** Bars drawn from the content's address: the same sound looks the same everywhere. */
const Wave = ({ seed, played }: { readonly seed: string; readonly played: number }) => {
  const digits = seed.slice(seed.lastIndexOf('/') + 1).padEnd(BARS, '7')
  return (
    <svg className="wave" viewBox={`0 0 ${BARS * 4} 40`} preserveAspectRatio="none" aria-hidden="true">
      {Array.from({ length: BARS }, (_, i) => {
        const swell = 0.35 + 0.65 * Math.sin((Math.PI * (i + 0.5)) / BARS)
        const height = 4 + swell * 2.2 * (Number.parseInt(digits[i]!, 16) || 1)
        return (
          <rect
            key={i}
            x={i * 4 + 1}
            width={2}
            rx={1}
            y={20 - height / 2}
            height={height}
            opacity={i / BARS < played ? 1 : 0.45}
          />
        )
      })}
    </svg>
  )
}
