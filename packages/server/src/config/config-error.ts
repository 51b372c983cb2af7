/** A configuration that cannot be used: one line that names the setting as the person wrote it, and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(oneLine(message), 'cause' in options ? { cause: options.cause } : undefined)
  }
}

/** Whatever a message quotes, it stays one line. */
export const oneLine = (text: string): string => text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
