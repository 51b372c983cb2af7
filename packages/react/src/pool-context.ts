import type { Pool } from '@rockpool/core'
import { createContext, createElement, type ReactElement, type ReactNode, useContext } from 'react'

const PoolContext = createContext<Pool | undefined>(undefined)

/** Gives an open pool to the hooks below it. Open it before rendering, and close it yourself: its life is the page's. */
export const PoolProvider = (props: { readonly pool: Pool; readonly children?: ReactNode }): ReactElement =>
  createElement(PoolContext, { value: props.pool }, props.children)

/**
 * The pool of the nearest `PoolProvider`.
 *
 * @throws Error outside of one
 */
export const usePool = (): Pool => {
  const pool = useContext(PoolContext)
  if (!pool) throw new Error('No pool: render this component inside <PoolProvider pool={pool}>.')
  return pool
}
