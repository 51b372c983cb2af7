/** One place in LiveStore's code that is replaced by another text. */
export interface Fix {
  /** end of the path of the module */
  readonly file: string
  /** stands there exactly once */
  readonly from: string
  readonly to: string
}

/** The module that writes, tells the tabs and pushes. */
export const LEADER = '@livestore/common/dist/leader-thread/LeaderSyncProcessor.js'
