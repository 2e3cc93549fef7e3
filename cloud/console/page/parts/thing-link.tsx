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
