/** Between two pages of a log: reads of SQLite resolve without a pause, and a long log would keep all other calls waiting. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
