import { to } from "../router.js";

/** Where things are seen, by how their ids begin. */
const VIEWS: readonly (readonly [string, string])[] = [
  ["dec-", "/decisions/"],
  ["prp-", "/proposals/"],
  ["con-", "/contests/"],
  ["agt-", "/fleet/"],
  ["cal-", "/audit/"],
];

/** An id, and the way to what it is of, where there is a view of it. */
export function ThingLink({ id }: { readonly id: string }) {
  const [, view] = VIEWS.find(([begin]) => id.startsWith(begin)) ?? [];
  if (view === undefined) return <code>{id}</code>;
  return (
    <a href={to(view + encodeURIComponent(id))}>
      <code>{id}</code>
    </a>
  );
}

const IDS = /\b([a-z]{3}-[0-9a-f]{16})\b/;

/** A text of the cloud's, the ids in it as links. */
export function Linked({ text }: { readonly text: string }) {
  // Split by what it holds of ids: every second part is one.
  const parts = text.split(IDS);
  return (
    <>
      {parts.map((part, at) =>
        at % 2 === 0 ? part : <ThingLink key={at} id={part} />,
      )}
    </>
  );
}
