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
}: {
  readonly of: readonly Part[];
  readonly label: string;
}) {
  const shown = shownPart();
  return (
    <nav class="part-links" aria-label={label}>
      {of.map(({ name, show }) => (
        <a
          key={show}
          href={to(path.value, { show })}
          {...(show === shown && { "aria-current": "page" as const })}
        >
          {name}
        </a>
      ))}
    </nav>
  );
}
