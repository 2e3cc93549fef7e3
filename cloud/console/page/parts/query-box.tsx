import { useEffect, useId, useRef, useState } from "preact/hooks";
import {
  complete,
  type Completion,
  type Known,
} from "../../../query/complete.js";
import { explain } from "../../../query/explain.js";
import { parseQuery } from "../../../query/parse.js";
import { QueryError, type ListSpec } from "../../../query/query.js";

interface QueryBoxProps {
  readonly list: ListSpec;
  readonly known: Known;
  readonly value: string;
  /** A query that can be read, once somebody has paused. */
  readonly onChange: (text: string) => void;
}

/** How long somebody who writes is left alone. */
const PAUSE_MS = 250;

/** Where a list is asked: with what may come next, and what it was taken for. */
export function QueryBox(props: QueryBoxProps) {
  const { list } = props;
  const id = useId();
  const box = useQueryBox(props);
  const { text, told, options, chosen, isOpen } = box;
  // Half a word is no mistake yet, as long as something goes on from it.
  const isHalf = told.isWrong && isOpen;
  return (
    <div class="query">
      <input
        ref={box.input}
        data-query
        role="combobox"
        aria-label={`Which ${list.noun}`}
        aria-expanded={isOpen}
        aria-controls={`${id}-options`}
        aria-autocomplete="list"
        aria-describedby={`${id}-told`}
        {...(chosen !== undefined && {
          "aria-activedescendant": `${id}-${chosen}`,
        })}
        autocomplete="off"
        spellcheck={false}
        placeholder={`Which ${list.noun}? Begin to write, or press ↓ for what can be asked`}
        value={text}
        onInput={({ currentTarget }) => box.write(currentTarget.value)}
        onFocus={() => box.setOpen(true)}
        onBlur={() => box.setOpen(false)}
        onKeyDown={box.onKeyDown}
      />
      <ul
        class="choices"
        role="listbox"
        id={`${id}-options`}
        aria-label="What may come here"
        hidden={!isOpen}
      >
        {options.map(({ insert, says }, nth) => (
          <li
            key={insert}
            id={`${id}-${nth}`}
            role="option"
            aria-selected={nth === chosen}
            onMouseDown={(event) => {
              // The box keeps the keyboard.
              event.preventDefault();
              box.take(insert);
            }}
          >
            <code>{insert}</code>
            <span class="faint">{says}</span>
          </li>
        ))}
      </ul>
      <p
        id={`${id}-told`}
        class={`query-explained${told.isWrong ? " wrong" : ""}`}
      >
        {isHalf ? "" : told.says}
      </p>
    </div>
  );
}

/** What stands in the box, what may come next, and the keys that choose it. */
function useQueryBox({ list, known, value, onChange }: QueryBoxProps) {
  const [text, setText] = useState(value);
  const [chosen, setChosen] = useState<number | undefined>();
  const [isOpen, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const told = toldOf(text, list);
  useEffect(() => setText(value), [value]);
  useEffect(() => {
    if (text === value || told.isWrong) return undefined;
    const timer = setTimeout(() => onChange(text), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, value, told.isWrong]);
  const caret = input.current?.selectionStart ?? text.length;
  const offered = isOpen ? complete(text, caret, list, known) : NOTHING;
  const { options } = offered;
  const take = (insert: string) => {
    const { from, to } = offered;
    setText(text.slice(0, from) + insert + text.slice(to));
    setChosen(undefined);
    const at = from + insert.length;
    requestAnimationFrame(() => {
      input.current?.focus();
      input.current?.setSelectionRange(at, at);
    });
  };
  const step = (by: number) => {
    const from = chosen ?? (by > 0 ? -1 : options.length);
    setOpen(true);
    setChosen((from + by + options.length) % Math.max(1, options.length));
  };
  const choose = (event: KeyboardEvent) => {
    const option = chosen === undefined ? undefined : options[chosen];
    if (option !== undefined) {
      event.preventDefault();
      take(option.insert);
    } else if (event.key === "Enter" && !told.isWrong) onChange(text);
  };
  const keys: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Escape: () => setOpen(false),
    Enter: choose,
    Tab: choose,
  };
  return {
    ...{ text, told, options, chosen, input, take, setOpen },
    isOpen: isOpen && options.length > 0,
    write: (next: string) => {
      setText(next);
      setOpen(true);
      setChosen(undefined);
    },
    onKeyDown: (event: KeyboardEvent) => keys[event.key]?.(event),
  };
}

const NOTHING: Completion = { from: 0, to: 0, options: [] };

/** What a text asks for, in plain English; or what is wrong with it. */
function toldOf(text: string, list: ListSpec) {
  try {
    const query = parseQuery(text, list);
    return { says: explain(query), isWrong: false };
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    // Who is still writing has made no mistake yet.
    return { says: error.isUnfinished ? "" : error.message, isWrong: true };
  }
}
