import { X } from 'lucide-react'
import { createContext, type ReactNode, useCallback, useContext, useEffect, useRef, useState } from 'react'

export interface Toast {
  readonly text: string
  readonly tone?: 'bad'
  readonly action?: { readonly label: string; readonly run: () => void }
}

interface ShownToast extends Toast {
  readonly id: number
}

/** A note stays this many ms, longer while the pointer or the focus is on it. */
const STAY_MS = 8_000
const MAX_TOASTS = 3

const ToastContext = createContext<(toast: Toast) => void>(() => {})

/** Shows a short note at the foot of the page. The same function for the life of the page. */
export const useToast = () => useContext(ToastContext)

export const Toasts = ({ children }: { readonly children: ReactNode }) => {
  const [toasts, setToasts] = useState<readonly ShownToast[]>([])
  const lastId = useRef(0)
  const show = useCallback((toast: Toast) => {
    const id = ++lastId.current
    setToasts((shown) => [...shown, { ...toast, id }].slice(-MAX_TOASTS))
  }, [])
  const close = useCallback((id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)), [])

  return (
    <ToastContext value={show}>
      {children}
      <div className="toasts" role="region" aria-label="Notes">
        {toasts.map((toast) => (
          <ToastCard key={toast.id} toast={toast} onClose={close} />
        ))}
      </div>
    </ToastContext>
  )
}

const ToastCard = ({ toast, onClose }: { readonly toast: ShownToast; readonly onClose: (id: number) => void }) => {
  const [held, setHeld] = useState(false)
  useEffect(() => {
    if (held) return
    const timer = setTimeout(() => onClose(toast.id), STAY_MS)
    return () => clearTimeout(timer)
  }, [held, onClose, toast.id])

  return (
    <div
      className="toast"
      data-tone={toast.tone}
      data-testid="toast"
      role={toast.tone === 'bad' ? 'alert' : 'status'}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <span className="toast-text">{toast.text}</span>
      {toast.action && (
        <button
          type="button"
          className="toast-action"
          onClick={() => {
            toast.action?.run()
            onClose(toast.id)
          }}
        >
          {toast.action.label}
        </button>
      )}
      <button type="button" className="icon-button" aria-label="Close note" onClick={() => onClose(toast.id)}>
        <X size={16} />
      </button>
    </div>
  )
}
