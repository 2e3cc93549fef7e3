import { signal } from "@preact/signals";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Dialog } from "../parts/dialog.js";
import { navigate, to } from "../router.js";
import { ownPlaces } from "./places.js";

type Open = "nothing" | "palette" | "help";
const open = signal<Open>("nothing");

export const openPalette = (): void => {
  open.value = "palette";
};
const close = (): void => {
  open.value = "nothing";
};

interface Choice {
  readonly says: string;
  readonly href: string;
}

/** Where what somebody typed may lead: a view, an address, a decision, a host. */
function choicesFor(text: string): readonly Choice[] {
  const typed = text.trim();
  const places = ownPlaces()
    .filter(({ name }) => name.toLowerCase().includes(typed.toLowerCase()))
    .map(({ name, view }): Choice => ({ says: name, href: to(view) }));
  return [...meant(typed), ...places];
}

function meant(typed: string): readonly Choice[] {
  if (typed === "") return [];
  const name = encodeURIComponent(typed);
  if (/^[\da-f.:]+(\/\d{1,3})?$/i.test(typed) && /[.:]/.test(typed)) {
    return [
      { says: `All about ${typed}`, href: to("/address", { of: typed }) },
    ];
  }
  if (typed.startsWith("dec-")) {
    return [{ says: `Decision ${typed}`, href: to(`/decisions/${name}`) }];
  }
  if (typed.startsWith("prp-")) {
    return [{ says: `Proposal ${typed}`, href: to(`/proposals/${name}`) }];
  }
  if (typed.startsWith("con-")) {
    return [{ says: `Contest ${typed}`, href: to(`/contests/${name}`) }];
  }
  return [{ says: `Hosts: ${typed}`, href: to("/fleet", { q: typed }) }];
}

/** Goes anywhere, by the keyboard alone. */
export function Palette() {
  return open.value === "palette" ? <PaletteDialog /> : null;
}

function PaletteDialog() {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const choices = choicesFor(text).slice(0, 12);
  useEffect(() => input.current?.focus(), []);
  const go = (href: string) => {
    close();
    navigate(href);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setChosen((chosen + step + choices.length) % Math.max(1, choices.length));
    }
    const choice = choices[chosen];
    if (event.key === "Enter" && choice !== undefined) go(choice.href);
  };
  return (
    <Dialog title="Go to" onClose={close}>
      <input
        ref={input}
        role="combobox"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={`${list}-${chosen}`}
        aria-label="A view, an address, a decision or a host"
        placeholder="A view, an address, a decision or a host"
        value={text}
        onInput={({ currentTarget }) => {
          setText(currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul class="choices" role="listbox" id={list} aria-label="Where to">
        {choices.map(({ says, href }, nth) => (
          <li
            key={href}
            id={`${list}-${nth}`}
            role="option"
            aria-selected={nth === chosen}
            onClick={() => go(href)}
          >
            {says}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

/** All keys there are. */
export function Help() {
  if (open.value !== "help") return null;
  const keys: readonly (readonly [string, string])[] = [
    ["Ctrl K", "go anywhere: a view, an address, a decision, a host"],
    ["/", "to the query of a list"],
    ["j, k, arrows", "down and up in a list; Home, End, Page up and down"],
    ["Enter", "opens what is chosen"],
    ["Escape", "closes a dialog"],
    ["?", "this"],
    ...ownPlaces().map(({ key, name }) => [`g ${key}`, name] as const),
  ];
  return (
    <Dialog title="Keys" onClose={close}>
      <dl class="facts keys">
        {keys.map(([key, does]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}

/** How long the second key of two may take. */
const SECOND_KEY_MS = 1_500;

/** Keys that mean the same in every view. */
export function useKeys(): void {
  useEffect(() => {
    let goingSince = -Infinity;
    const onKeyDown = (event: KeyboardEvent) => {
      const { key } = event;
      if (isPaletteKey(event)) {
        event.preventDefault();
        openPalette();
      }
      if (isCommand(event) || isTyping(event.target)) return;
      const isGoing = performance.now() - goingSince < SECOND_KEY_MS;
      goingSince = key === "g" && !isGoing ? performance.now() : -Infinity;
      const place = isGoing && ownPlaces().find((each) => each.key === key);
      if (place) navigate(to(place.view));
      else if (key === "?") open.value = "help";
      else if (key === "/") focusQuery(event);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}

const isCommand = ({ ctrlKey, metaKey, altKey }: KeyboardEvent): boolean =>
  ctrlKey || metaKey || altKey;

const isPaletteKey = (event: KeyboardEvent): boolean =>
  (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k";

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof Element &&
  target.closest("input, textarea, select, dialog") !== null;

function focusQuery(event: KeyboardEvent): void {
  const box = document.querySelector<HTMLInputElement>("input[data-query]");
  if (box === null) return;
  event.preventDefault();
  box.focus();
}
