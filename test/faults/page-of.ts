/** Calls of the app's own functions (`app/src/main.ts`) in a tab. */
import type { Tab } from '../e2e/tab.ts'
import type { FaultsPage } from './app/src/main.ts'

/** @throws the page's error; PageEnded when the page ended before it had responded */
export const callPage = async <Name extends keyof FaultsPage>(
  tab: Tab,
  name: Name,
  ...args: Parameters<FaultsPage[Name]>
): Promise<Awaited<ReturnType<FaultsPage[Name]>>> => {
  try {
    return (await tab.inPage(
      (_pool, name, args) =>
        (window as never as { readonly faults: Record<string, (...args: readonly unknown[]) => unknown> }).faults[
          name
        ]!(...args),
      name as string,
      args as readonly unknown[],
    )) as never
  } catch (error) {
    throw hasEnded(error) ? new PageEnded('The page ended.', { cause: error }) : error
  }
}

export class PageEnded extends Error {}

/** Whether an error of puppeteer says that the page was closed, reloaded or killed. */
export const hasEnded = (error: unknown): boolean =>
  /Target closed|Session closed|Connection closed|context was destroyed|detached|Cannot find context/i.test(
    String(error),
  )
