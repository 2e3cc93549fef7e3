import { useId, useRef } from "preact/hooks";
import type { Fault } from "./rule-faults.js";

/** Where a text of rules is written: its lines numbered, and what is wrong at each. */
export function RuleEditor({
  text,
  faults,
  onChange,
}: {
  readonly text: string;
  readonly faults: readonly Fault[];
  readonly onChange: (text: string) => void;
}) {
  const id = useId();
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLPreElement>(null);
  const lines = text.split("\n");
  const wrong = new Set(faults.map(({ line }) => line));
  const goTo = (line: number) => {
    const before = lines.slice(0, line - 1).join("\n").length;
    const from = line === 1 ? 0 : before + 1;
    area.current?.focus();
    area.current?.setSelectionRange(
      from,
      from + (lines[line - 1] ?? "").length,
    );
  };
  return (
    <div class="stack">
      <div class="editor">
        <pre class="gutter" ref={gutter} aria-hidden="true">
          {lines.map((_, at) => (
            <span key={at} class={wrong.has(at + 1) ? "wrong" : ""}>
              {at + 1}
            </span>
          ))}
        </pre>
        <textarea
          ref={area}
          aria-label="Rules, as YAML"
          aria-invalid={faults.length > 0}
          aria-describedby={`${id}-faults`}
          spellcheck={false}
          wrap="off"
          value={text}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
          onScroll={({ currentTarget }) => {
            if (gutter.current)
              gutter.current.scrollTop = currentTarget.scrollTop;
          }}
        />
      </div>
      <div id={`${id}-faults`} role="alert">
        <ul class="faults">
          {faults.map(({ line, says }) => (
            <li key={`${line} ${says}`}>
              <button type="button" class="link" onClick={() => goTo(line)}>
                line {line}
              </button>
              <div>
                <code>{(lines[line - 1] ?? "").trim()}</code>
                <p>{says}</p>
              </div>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
