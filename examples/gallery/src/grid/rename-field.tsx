import { useEffect, useRef } from 'react'
import { stemLength } from '../file-facts.ts'

export interface RenameFieldProps {
  readonly name: string
  /** the new name, or nothing when it stays */
  readonly onDone: (name?: string) => void
}

/** Enter and leaving the field keep the new name; Escape does not. */
export const RenameField = ({ name, onDone }: RenameFieldProps) => {
  const field = useRef<HTMLInputElement>(null)
  const done = useRef(false)

  useEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(0, stemLength(field.current.value))
  }, [])

  const finish = (keep: boolean) => {
    if (done.current) return
    // Removing a focused field blurs it, which must not count as an answer.
    done.current = true
    const typed = field.current?.value.trim() ?? ''
    onDone(keep && typed !== '' && typed !== name ? typed : undefined)
  }

  return (
    <input
      ref={field}
      className="rename"
      defaultValue={name}
      aria-label={`New name for ${name}`}
      data-testid="rename-field"
      spellCheck={false}
      autoComplete="off"
      onBlur={() => finish(true)}
      onKeyDown={(event) => {
        event.stopPropagation()
        if (event.key === 'Enter') finish(true)
        if (event.key === 'Escape') {
          event.preventDefault()
          finish(false)
        }
      }}
    />
  )
}
