/** Whether this is a development build: problems are then logged to the console, too. */
export const isDevelopment = (): boolean => {
  // Vite looks for exactly this expression.
  const bundled = (import.meta as { readonly env?: { readonly DEV?: boolean } }).env?.DEV
  const node = (globalThis as { process?: { env?: Record<string, string | undefined> } }).process?.env
  return bundled ?? (node !== undefined && node.NODE_ENV !== 'production')
}
