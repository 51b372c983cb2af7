import { expect, test } from 'vitest'
import { type KeyAction, type KeyFacts, type Occasion, planKey } from './reconcile-plan.ts'

const absent: KeyFacts = {
  isWanted: true,
  isPinned: false,
  mayUpload: true,
  logState: 'nothing',
  content: undefined,
  upload: 'none',
  download: 'none',
}
/** On this disk, not known to be stored. */
const here: KeyFacts = { ...absent, content: { isStored: false, isPinned: false } }
/** On this disk, and stored as this device found out. */
const stored: KeyFacts = { ...absent, logState: 'claimed', content: { isStored: true, isPinned: false } }
const pinned: KeyFacts = { ...absent, isPinned: true }

interface Case {
  readonly name: string
  readonly facts: KeyFacts
  /** on each occasion, or on all */
  readonly plan: readonly KeyAction[] | Readonly<Record<Occasion, readonly KeyAction[]>>
}

const cases: readonly Case[] = [
  { name: 'not here, nothing in the log', facts: absent, plan: [] },
  { name: 'not here, stored', facts: { ...absent, logState: 'proved' }, plan: [] },
  { name: 'not here, lost', facts: { ...absent, logState: 'lost' }, plan: [] },

  { name: 'the only copy', facts: here, plan: ['queue_upload'] },
  { name: 'the only copy, of no live file', facts: { ...here, isWanted: false }, plan: [] },
  { name: 'the only copy, of another user', facts: { ...here, mayUpload: false }, plan: [] },
  { name: 'the only copy, waiting', facts: { ...here, upload: 'queued' }, plan: [] },
  {
    name: 'claimed by somebody',
    facts: { ...here, logState: 'claimed' },
    plan: { content: ['queue_upload'], file: ['queue_upload'], download: ['queue_upload'], pass: ['ask_signer'] },
  },
  { name: 'claimed by somebody, waiting', facts: { ...here, logState: 'claimed', upload: 'queued' }, plan: [] },
  { name: 'proved', facts: { ...here, logState: 'proved' }, plan: ['record_stored'] },
  { name: 'proved, of no live file', facts: { ...here, logState: 'proved', isWanted: false }, plan: ['record_stored'] },
  {
    name: 'proved, of another user',
    facts: { ...here, logState: 'proved', mayUpload: false },
    plan: ['record_stored'],
  },
  { name: 'proved before its upload was queued', facts: { ...here, logState: 'proved', upload: 'queued' }, plan: [] },
  {
    name: 'proved while its upload waits',
    facts: { ...here, logState: 'proved', upload: 'proved' },
    plan: ['drop_upload', 'record_stored'],
  },
  {
    name: 'an upload that no live file wants',
    facts: { ...here, isWanted: false, upload: 'queued' },
    plan: ['drop_upload'],
  },
  {
    name: 'a proved upload that no live file wants',
    facts: { ...here, isWanted: false, logState: 'proved', upload: 'queued' },
    plan: ['drop_upload', 'record_stored'],
  },
  { name: 'an upload without bytes', facts: { ...absent, upload: 'queued' }, plan: [] },
  { name: 'an upload without bytes, proved', facts: { ...absent, logState: 'proved', upload: 'proved' }, plan: [] },

  { name: 'stored and claimed', facts: stored, plan: [] },
  { name: 'stored and proved', facts: { ...stored, logState: 'proved' }, plan: [] },
  {
    name: 'stored, and the log lacks it',
    facts: { ...stored, logState: 'nothing' },
    plan: { content: [], file: [], download: ['ask_signer'], pass: ['ask_signer'] },
  },
  { name: 'stored, the log lacks it, waiting', facts: { ...stored, logState: 'nothing', upload: 'queued' }, plan: [] },
  {
    name: 'stored, the log lacks it, of no live file',
    facts: { ...stored, logState: 'nothing', isWanted: false },
    plan: [],
  },
  {
    name: 'stored, the log lacks it, of another user',
    facts: { ...stored, logState: 'nothing', mayUpload: false },
    plan: [],
  },

  { name: 'stored, then lost', facts: { ...stored, logState: 'lost' }, plan: ['clear_stored', 'heal'] },
  { name: 'lost', facts: { ...here, logState: 'lost' }, plan: ['heal'] },
  { name: 'lost, waiting', facts: { ...stored, logState: 'lost', upload: 'queued' }, plan: ['clear_stored'] },
  { name: 'lost, of no live file', facts: { ...stored, logState: 'lost', isWanted: false }, plan: ['clear_stored'] },
  { name: 'lost, of another user', facts: { ...stored, logState: 'lost', mayUpload: false }, plan: ['clear_stored'] },

  { name: 'pinned, and not uploaded yet', facts: pinned, plan: [] },
  { name: 'pinned, and lost', facts: { ...pinned, logState: 'lost' }, plan: [] },
  { name: 'pinned, and in storage', facts: { ...pinned, logState: 'claimed' }, plan: ['queue_download'] },
  { name: 'pinned, in storage, waiting', facts: { ...pinned, logState: 'proved', download: 'queued' }, plan: [] },
  {
    name: 'pinned, and in storage now',
    facts: { ...pinned, logState: 'proved', download: 'missing' },
    plan: { content: ['retry_download'], file: [], download: [], pass: [] },
  },
  { name: 'pinned, and still missing', facts: { ...pinned, download: 'missing' }, plan: [] },
  {
    name: 'pinned, and here',
    facts: { ...stored, isPinned: true, content: { isStored: true, isPinned: true } },
    plan: [],
  },
  { name: 'pinned, here, not marked', facts: { ...stored, isPinned: true }, plan: ['pin'] },
  {
    name: 'pinned, here, and a download',
    facts: { ...stored, isPinned: true, download: 'queued' },
    plan: ['pin', 'drop_download'],
  },
  {
    name: 'marked, and not pinned',
    facts: { ...stored, content: { isStored: true, isPinned: true } },
    plan: ['unpin'],
  },
  { name: 'a download of what is not pinned', facts: { ...absent, download: 'missing' }, plan: ['drop_download'] },
]

const OCCASIONS: readonly Occasion[] = ['content', 'file', 'download', 'pass']

test.each(cases.flatMap(({ name, facts, plan }) => OCCASIONS.map((occasion) => ({ name, facts, plan, occasion }))))(
  '$name, on $occasion',
  ({ facts, occasion, plan }) => {
    expect(planKey(facts, occasion)).toEqual(Array.isArray(plan) ? plan : (plan as Record<Occasion, unknown>)[occasion])
  },
)
