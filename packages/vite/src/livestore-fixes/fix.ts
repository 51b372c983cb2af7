/** One place in LiveStore's code that is replaced by another text. */
export interface Fix {
  /** end of the path of the module */
  readonly file: string
  /** stands there exactly once */
  readonly from: string
  readonly to: string
}
