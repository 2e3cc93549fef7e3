import { diffLines, hunksOf, type DiffLine } from "../../../line-diff.js";
import { Nothing, counted } from "../../parts/bits.js";

const SIGNS = { same: " ", gone: "−", new: "+" } as const;
const ALOUD = { same: "", gone: "removed: ", new: "added: " } as const;

/** A line's end at the text's end begins no other line. */
const trimmed = (text: string): string => text.replace(/\n$/, "");

/** What of one text is otherwise in another. */
export function Difference({
  before,
  after,
}: {
  readonly before: string;
  readonly after: string;
}) {
  const lines = diffLines(trimmed(before), trimmed(after));
  if (lines.every(({ kind }) => kind === "same")) {
    return <Nothing>The two say the same.</Nothing>;
  }
  return (
    <div
      class="scroll"
      tabIndex={0}
      role="group"
      aria-label="Lines, one by one"
    >
      <table class="code diff">
        <tbody>
          {hunksOf(lines).map((part, at) =>
            typeof part === "number" ? (
              <tr key={at} class="skipped">
                <td colSpan={4}>{counted(part, "line")} alike</td>
              </tr>
            ) : (
              <Line key={at} line={part} />
            ),
          )}
        </tbody>
      </table>
    </div>
  );
}

function Line({ line }: { readonly line: DiffLine }) {
  const { kind, text, before, after } = line;
  return (
    <tr class={kind}>
      <td class="line-number">{before}</td>
      <td class="line-number">{after}</td>
      <td class="sign">
        <span aria-hidden="true">{SIGNS[kind]}</span>
        <span class="aloud">{ALOUD[kind]}</span>
      </td>
      <td>
        <pre>{text}</pre>
      </td>
    </tr>
  );
}
