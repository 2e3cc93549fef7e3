import { useState } from "preact/hooks";
import { to } from "../router.js";
import { count } from "./bits.js";

/** As many are read at a glance. */
const AT_FIRST = 60;

/** Ranges, each with the way to all that is known of it. */
export function Ranges({
  of,
  total = of.length,
}: {
  readonly of: readonly string[];
  /** Where there are more than are told. */
  readonly total?: number;
}) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? of : of.slice(0, AT_FIRST);
  const more = total - shown.length;
  return (
    <>
      <ul class="ranges">
        {shown.map((range) => (
          <li key={range}>
            <a class="mono" href={to("/address", { of: range })}>
              {range}
            </a>
          </li>
        ))}
      </ul>
      {more > 0 && (
        <p class="nothing">
          and {count(more)} more{" "}
          {shown.length < of.length && (
            <button type="button" class="quiet" onClick={() => setAll(true)}>
              Show {of.length === total ? "all" : `${count(of.length)} of them`}
            </button>
          )}
        </p>
      )}
    </>
  );
}
