/** `docs/concepts/sync-machines.md`, written from the tables that the tests run. */
import { TRANSITIONS } from '../../../livestore/src/sync-client/funnel.ts'
import { LEADER_INPUTS, LEADER_STATES, LEADER_TABLE, type LeaderRow } from './leader-table.ts'
import { SESSION_INPUTS, SESSION_STATES, SESSION_TABLE, type SessionRow } from './session-table.ts'

const HEAD = `# Sync machines

Three state machines decide how events move between a tab, the leader of its device and the sync server. They are plain
functions: a state and an input give a next state and what to do. The tables below are the ones that the tests run
(\`packages/livestore-plugin/src/simulation\`); this file is generated from them, and a test fails when it is stale.

A simulation runs all three together, with devices, tabs, faults and a server, and checks the invariants after each step:
\`node --conditions=@rockpool/source packages/livestore-plugin/src/simulation/run.ts --seeds 1000\`.

## Notation

- \`a3\` is commit a as number 3. Events of the sync server count 1, 2, 3.
- \`d3.1\` is the first event after 3 that stays on this device.
- \`a3'\` was renumbered once: its rebase generation is 1. Each rebase of a leader's log starts a new generation, so two
  events with the same number and generation are the same event.
- \`x\`, \`y\` and \`z\` are commits of other devices, the rest are of this one.
`

const LEADER = `## The leader

One tab of a device leads. It owns the log of the device: events that the sync server confirmed, then **pending** ones. Tabs
push to it, the server's events come in between.

Invariants: the log is contiguous (each event has its predecessor as parent); pending events are the end of the log, from
the first event that syncs and is not confirmed; no commit is in the log twice.

| outcome  | what follows                                                                                  |
| -------- | --------------------------------------------------------------------------------------------- |
| accepted | the events are appended, under the numbers that follow the log, and all tabs learn of them    |
| known    | the log has all of it: the sender learns that                                                 |
| rejected | a predecessor is missing among the events themselves: nothing is appended                     |
| advance  | the server's events confirm pending ones, or are appended                                     |
| rebase   | pending events are taken back, the server's are appended, then pending ones under new numbers |
| gap      | events are missing: the leader pulls again from where it stands                               |
| dropped  | the refused events are taken back, and pending ones behind them get new numbers               |
| unknown  | none of the refused events is pending: nothing changes                                        |
`

const SESSION = `## A tab

A tab shows the leader's log up to the **leader head**, then its **pending** events: what it committed and has not seen in the
leader's log. The first **sent** ones of these are in the leader's log already. In every state below the tab has seen
\`x1 x2\`.

Invariants: pending events are contiguous and continue the leader head; each commit is pending or in the part of the log that
the tab has seen, never both; sent events are in the leader's log.

| outcome    | what follows                                                             |
| ---------- | ------------------------------------------------------------------------ |
| applied    | the database of the tab takes the change                                 |
| pull again | the news do not fit: the tab pulls from its leader head                  |
| reset      | the leader's log no longer has the leader head: the tab copies its state |
| error      | the commit fails: it was made for another state                          |
`

const FUNNEL = `## The funnel of the provider

Everything that the sync server says, by pull, socket, push and polling, passes one funnel
(\`packages/livestore/src/sync-client/funnel.ts\`), which gives LiveStore each event once, in order, without a gap. A page that
others follow is held until the next one is there.
`

export const machinesDocument = (): string =>
  [HEAD, LEADER, ...leaderTables(), SESSION, ...sessionTables(), FUNNEL, funnelTable()].join('\n')

const code = (text: string | undefined): string => (text === undefined ? '' : text === '' ? 'none' : `\`${text}\``)

const leaderTables = (): string[] =>
  Object.entries(LEADER_STATES).map(([name, { means, log, pending }]) => {
    const rows = LEADER_TABLE[name as keyof typeof LEADER_TABLE] as Record<string, LeaderRow | undefined>
    return section(
      `### Leader, \`${name}\`: ${means}`,
      log === '' ? 'The log is empty.' : `Log ${code(log)}, pending ${code(pending)}.`,
      ['input', 'events', 'outcome', 'takes back', 'appends', 'pending'],
      Object.entries(LEADER_INPUTS).flatMap(([input, text]) => {
        const row = rows[input]
        if (row === undefined) return []
        const given = `${code(row.given)}${row.parent === undefined ? '' : ` after ${code(row.parent)}`}`
        return [[text, given, row.outcome, code(row.takeBack), code(row.append), code(row.pending)]]
      }),
    )
  })

const sessionTables = (): string[] =>
  Object.entries(SESSION_STATES).map(([name, { means, pending, sent }]) => {
    const rows = SESSION_TABLE[name as keyof typeof SESSION_TABLE] as Record<string, SessionRow | undefined>
    return section(
      `### Tab, \`${name}\`: ${means}`,
      `Leader head \`2\`, pending ${code(pending)}, sent ${sent}.`,
      ['input', 'events', 'outcome', 'takes back', 'applies', 'leader head', 'pending', 'sent'],
      Object.entries(SESSION_INPUTS).flatMap(([input, text]) => {
        const row = rows[input]
        if (row === undefined) return []
        const replaced = row.givenTakenBack === undefined ? '' : `${code(row.givenTakenBack)} by `
        return [
          [
            text,
            replaced + code(row.given),
            row.outcome,
            code(row.takeBack),
            code(row.apply),
            code(row.leaderHead),
            code(row.pending),
            row.sent === undefined ? '' : String(row.sent),
          ],
        ]
      }),
    )
  })

const funnelTable = (): string => {
  const states = Object.keys(TRANSITIONS) as (keyof typeof TRANSITIONS)[]
  const inputs = Object.keys(TRANSITIONS.current) as (keyof typeof TRANSITIONS.current)[]
  return table(
    ['input', ...states.map(code)],
    inputs.map((input) =>
      [code(input)].concat(
        states.map((state) => {
          const { next, action } = TRANSITIONS[state][input]
          if (action !== 'none') return `${code(next)}, ${action.replaceAll('_', ' ')}`
          return next === state ? '' : code(next)
        }),
      ),
    ),
  )
}

const section = (title: string, intro: string, head: readonly string[], rows: readonly string[][]): string =>
  `${title}\n\n${intro}\n\n${table(head, rows)}`

/** Columns without any entry are left out. */
const table = (head: readonly string[], rows: readonly string[][]): string => {
  const used = head.map((_, column) => rows.some((row) => row[column] !== ''))
  const lines = [head, ...rows].map((row) => row.filter((_, column) => used[column]))
  const widths = lines[0]!.map((_, column) => Math.max(3, ...lines.map((line) => line[column]!.length)))
  const write = (cells: readonly string[]) =>
    `| ${cells.map((cell, index) => cell.padEnd(widths[index]!)).join(' | ')} |`
  const [first, ...rest] = lines
  return [write(first!), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rest.map(write), ''].join(
    '\n',
  )
}
