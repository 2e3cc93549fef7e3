import { path, query, to } from "../router.js";

export interface Part {
  readonly name: string;
  /** In the address; "": it is what one sees first. */
  readonly show: string;
}

/** Which part of a view is seen, as the address says it. */
export const shownPart = (): string => query.value.get("show") ?? "";

/** The parts of a view; each has its address. */
export function PartLinks({
  of,
  label,
  keeps = [],
}: {
  readonly of: readonly Part[];
  readonly label: string;
  /** What else of the address holds for all parts, such as "q". */
  readonly keeps?: readonly string[];
}) {
  const shown = shownPart();
  const kept = Object.fromEntries(
    [...query.value].filter(([name]) => keeps.includes(name)),
  );
  return (
    <nav class="part-links" aria-label={label}>
      {of.map(({ name, show }) => (
        <a
          key={show}
          href={to(path.value, { ...kept, show })}
          {...(show === shown && { "aria-current": "page" as const })}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}
