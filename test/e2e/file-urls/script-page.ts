import type { Page } from 'puppeteer-core'

/** A page of any browser, as far as the table of uses needs it. */
export interface ScriptPage {
  goto(url: string): Promise<unknown>
  /** Runs the function in the page. @returns what it resolves with, if JSON can say it */
  evaluate<Args extends readonly unknown[], A>(work: (...args: Args) => A | Promise<A>, ...args: Args): Promise<A>
  /** Runs the function in the frame whose URL ends so. */
  evaluateInFrame<A>(url: string, work: () => A): Promise<A>
}

export const scriptPage = (page: Page): ScriptPage => ({
  goto: (url) => page.goto(url),
  evaluate: (work, ...args) => page.evaluate(work as never, ...args) as never,
  evaluateInFrame: async (url, work) => {
    const frame = page.frames().find((frame) => frame.url().endsWith(url))
    if (!frame) throw new Error(`There is no frame of ${url}.`)
    return frame.evaluate(work) as never
  },
})
