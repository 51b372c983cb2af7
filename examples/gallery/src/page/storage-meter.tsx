import { useStorage } from '@rockpool/react'
import { HardDrive, ShieldCheck } from 'lucide-react'
import { formatBytes } from '../file-facts.ts'

/** What the files take of this device's disk: what storage has as well, and what is only here. */
export const StorageMeter = () => {
  const storage = useStorage()
  if (!storage) return <div className="storage" data-testid="storage" aria-hidden="true" />
  const { used, quota, localOnly, persisted } = storage
  const share = (bytes: number) => `${quota > 0 ? Math.min(100, (bytes / quota) * 100) : 0}%`
  const alsoStored = Math.max(0, used - localOnly)
  const text = `${formatBytes(used)} of ${formatBytes(quota)}`
  return (
    <div
      className="storage"
      data-testid="storage"
      title={`${text} on this device. ${formatBytes(localOnly)} only here.${persisted ? ' The browser keeps them.' : ''}`}
    >
      <div className="storage-text">
        {persisted ? <ShieldCheck size={14} aria-hidden="true" /> : <HardDrive size={14} aria-hidden="true" />}
        <span>{text}</span>
      </div>
      <div
        className="bar"
        role="meter"
        aria-label="Storage on this device"
        aria-valuemin={0}
        aria-valuemax={quota}
        aria-valuenow={used}
        aria-valuetext={text}
      >
        {alsoStored > 0 && <div className="bar-fill" style={{ width: share(alsoStored) }} />}
        {localOnly > 0 && <div className="bar-fill bar-fill-here" style={{ width: share(localOnly) }} />}
      </div>
    </div>
  )
}
