import { useState } from 'react'

export interface DiscardButtonProps {
  readonly label: string
  /** what is discarded, for a screen reader */
  readonly of?: string
  /** the label of the second press, which discards; without it the first one does */
  readonly question: string | undefined
  readonly onDiscard: () => void
}

/** Bytes that are nowhere else cannot be brought back, so it takes two presses to discard them. */
export const DiscardButton = ({ label, of, question, onDiscard }: DiscardButtonProps) => {
  const [asks, setAsks] = useState(false)
  const shown = asks && question !== undefined ? question : label
  return (
    <button
      type="button"
      className="button button-small discard"
      data-asks={asks}
      aria-label={of === undefined ? undefined : `${shown}: ${of}`}
      onBlur={() => setAsks(false)}
      onClick={() => {
        if (question === undefined || asks) onDiscard()
        else setAsks(true)
      }}
    >
      {shown}
    </button>
  )
}
