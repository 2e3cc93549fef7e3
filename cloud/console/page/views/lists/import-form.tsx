import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { listFormats } from "../../../../lists/line.js";
import { TermField } from "../../parts/term-field.js";
import { FeedField } from "./feed-field.js";
import { bodyOf, type ImportReport, type ImportWish } from "./import-wish.js";

interface ImportFormProps {
  readonly wish: ImportWish;
  readonly onChange: (wish: ImportWish) => void;
  readonly isBusy: boolean;
  readonly onGo: () => void;
  /** How a list was read that was not taken. */
  readonly refused: ImportReport | undefined;
  readonly children: ComponentChildren;
}

/** Which list, where to, and how. */
export function ImportForm(props: ImportFormProps) {
  const { wish, onChange, isBusy, onGo, refused, children } = props;
  const change = (changes: Partial<ImportWish>) =>
    onChange({ ...wish, ...changes });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onGo();
      }}
    >
      <Source wish={wish} change={change} />
      <div class="fields">
        <FeedField value={wish.feed} onChange={(feed) => change({ feed })} />
        <TermField
          label="Banned for"
          value={wish.lasts}
          onChange={(lasts) => change({ lasts })}
        />
      </div>
      <ListName wish={wish} change={change} />
      <label class="check">
        <input
          type="checkbox"
          checked={wish.observe}
          onChange={({ currentTarget: { checked } }) =>
            change({ observe: checked })
          }
        />
        Hosts only count what it would stop, and drop nothing
      </label>
      <TextField
        label="Why (may be left out)"
        value={wish.reason}
        onChange={(reason) => change({ reason })}
      />
      <HowToRead wish={wish} change={change} />
      {children}
      {refused !== undefined && (
        <label class="check">
          <input
            type="checkbox"
            checked={wish.force}
            onChange={({ currentTarget: { checked } }) =>
              change({ force: checked })
            }
          />
          Take what can be taken of it all the same
        </label>
      )}
      <div class="row end">
        <button
          type="submit"
          class="main"
          disabled={isBusy || bodyOf(wish) === undefined}
        >
          {isBusy ? "Reading it…" : "See what it would do"}
        </button>
      </div>
    </form>
  );
}

interface PartProps {
  readonly wish: ImportWish;
  readonly change: (changes: Partial<ImportWish>) => void;
}

function Source({ wish, change }: PartProps) {
  const [file, text] = [useId(), useId()];
  return (
    <>
      <div class="field">
        <label for={file}>A file: plain, CSV, ipset, Spamhaus, DShield…</label>
        <input
          id={file}
          type="file"
          onChange={({ currentTarget }) => {
            const [chosen] = currentTarget.files ?? [];
            change({ file: chosen, name: chosen?.name ?? "" });
          }}
        />
      </div>
      {wish.file === undefined && (
        <div class="field">
          <label for={text}>…or its lines, one range each</label>
          <textarea
            id={text}
            class="few mono"
            spellcheck={false}
            value={wish.text}
            onInput={({ currentTarget }) =>
              change({ text: currentTarget.value })
            }
          />
        </div>
      )}
    </>
  );
}

/** A list with a name can be replaced by its next version. */
function ListName({ wish, change }: PartProps) {
  return (
    <>
      <TextField
        label="The list's name (may be left out)"
        value={wish.list}
        onChange={(list) => change({ list })}
      />
      {wish.list !== "" && (
        <label class="check">
          <input
            type="checkbox"
            checked={wish.replace}
            onChange={({ currentTarget: { checked } }) =>
              change({ replace: checked })
            }
          />
          It replaces what a list of this name brought before: what it has no
          more is lifted
        </label>
      )}
    </>
  );
}

function HowToRead({ wish, change }: PartProps) {
  const id = useId();
  return (
    <details>
      <summary>How to read it</summary>
      <div class="fields">
        <div class="field">
          <label for={id}>Format</label>
          <select
            id={id}
            value={wish.format}
            onChange={({ currentTarget }) =>
              change({ format: currentTarget.value })
            }
          >
            <option value="">found out by its lines</option>
            {listFormats.map((format) => (
              <option key={format} value={format}>
                {format}
              </option>
            ))}
          </select>
        </div>
        <TextField
          label="Column with the ranges, of a table"
          value={wish.column}
          onChange={(column) => change({ column })}
        />
      </div>
    </details>
  );
}

function TextField({
  label,
  value,
  onChange,
}: {
  readonly label: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        maxLength={128}
        value={value}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </div>
  );
}
