import type { ResolvedConfig } from 'vite'

/** The path of the app on its own origin: Vite's `base` may be relative, or the URL of a CDN. */
export const basePath = ({ base }: Pick<ResolvedConfig, 'base'>): string => new URL(base, 'http://localhost').pathname
