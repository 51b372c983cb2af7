import { PoolProvider } from '@rockpool/react'
import { createRoot } from 'react-dom/client'
import { openGallery } from './boot/open-gallery.ts'
import { Gallery } from './gallery.tsx'
import { BootFailed } from './page/boot-failed.tsx'
import { Toasts } from './page/toasts.tsx'
import { UpdateBlocked } from './page/update-blocked.tsx'
import './styles/base.css'
import './styles/page.css'
import './styles/grid.css'
import './styles/detail.css'
import './styles/refused.css'

const root = createRoot(document.getElementById('root')!)

try {
  const { pool, store } = await openGallery(() => root.render(<UpdateBlocked />))
  // For tests, and for curious people in development.
  if (import.meta.env.DEV || import.meta.env.MODE === 'e2e')
    Object.assign(window, { pool, store, release: import.meta.env.VITE_RELEASE ?? '' })
  root.render(
    <Toasts>
      <PoolProvider pool={pool}>
        <Gallery />
      </PoolProvider>
    </Toasts>,
  )
} catch (error) {
  console.error(error)
  root.render(<BootFailed error={error} />)
}
