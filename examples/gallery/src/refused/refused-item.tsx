import { useFileUrl } from '@rockpool/react'
import { File as FileIcon } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import type { FileRecord, RefusedChange } from 'rockpool'
import { formatBytes, kindOf } from '../file-facts.ts'
import { shownName } from '../shown-name.ts'
import { DiscardButton } from './discard-button.tsx'
import { describeChange, hasBytes, nameToEdit } from './refused-text.ts'
import { useRefusedActions } from './use-refused-actions.ts'

/** One change that was not accepted, and what a person can do about it. */
export const RefusedItem = ({ change }: { readonly change: RefusedChange }) => {
  const { retry, discard } = useRefusedActions()
  const { file } = change
  const name = file ? shownName(file.name) : 'A file that is no longer here'
  const badName = nameToEdit(change)
  const [newName, setNewName] = useState(badName ?? '')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    retry([change], badName === undefined ? {} : { name: newName.trim() })
  }
  return (
    <li className="refused-item" data-testid="refused-change" data-code={change.code}>
      {file && kindOf(file.type) === 'image' ? <Preview file={file} /> : <FileIcon size={18} aria-hidden="true" />}
      <div className="refused-what">
        <span className="refused-name" title={name}>
          {name}
        </span>
        <span className="quiet">
          {describeChange(change)}
          {file && hasBytes(change) && ` · ${formatBytes(file.size)}`}
        </span>
      </div>
      <form className="refused-actions" onSubmit={submit}>
        {badName !== undefined && (
          <input
            className="rename"
            value={newName}
            required
            aria-label={`Another name for ${name}`}
            data-testid="refused-name"
            spellCheck={false}
            autoComplete="off"
            onChange={(event) => setNewName(event.target.value)}
          />
        )}
        <button type="submit" className="button button-small" aria-label={`Try again: ${name}`}>
          Try again
        </button>
        <DiscardButton
          label="Discard"
          of={name}
          question={hasBytes(change) ? 'Discard for good' : undefined}
          onDiscard={() => discard([change])}
        />
      </form>
    </li>
  )
}

const Preview = ({ file }: { readonly file: FileRecord }) => {
  const url = useFileUrl(file)
  const [failed, setFailed] = useState(false)
  if (failed || url === undefined) return <FileIcon size={18} aria-hidden="true" />
  return <img className="refused-preview" src={url} alt="" onError={() => setFailed(true)} />
}
