import { computed, signal } from "@preact/signals";

/** Where the page is served. */
export const BASE = "/console";

/** Where one is: each view has its address, which can be sent to a colleague. */
const place = signal(here());

/** The path below the page's own: "/bans". */
export const path = computed(() => place.value.path);
export const query = computed(() => place.value.query);

function here() {
  const { pathname, search } = window.location;
  const below = pathname.startsWith(BASE) ? pathname.slice(BASE.length) : "/";
  return {
    path: below === "" ? "/" : below,
    query: new URLSearchParams(search),
  };
}

/** The address of a view, for a link. */
export function to(
  view: string,
  more: Readonly<Record<string, string | undefined>> = {},
): string {
  const said = Object.entries(more).filter(
    (each): each is [string, string] => each[1] !== undefined && each[1] !== "",
  );
  const search = new URLSearchParams(said).toString();
  return BASE + view + (search === "" ? "" : `?${search}`);
}

/** @param how "replace": going back does not come here again */
export function navigate(
  address: string,
  how: "push" | "replace" = "push",
): void {
  if (address === window.location.pathname + window.location.search) return;
  if (how === "push") window.history.pushState(null, "", address);
  else window.history.replaceState(null, "", address);
  place.value = here();
}

/** Says in the address what of a view is seen, without a step to go back. */
export function setQuery(
  changes: Readonly<Record<string, string | undefined>>,
): void {
  const next = new URLSearchParams(query.peek());
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === "") next.delete(name);
    else next.set(name, value);
  }
  navigate(to(path.peek(), Object.fromEntries(next)), "replace");
}

/** Has links within the page change the view, and nothing be loaded anew. */
export function followLinks(): void {
  window.addEventListener("popstate", () => {
    place.value = here();
  });
  document.addEventListener("click", (event) => {
    const link =
      event.target instanceof Element ? event.target.closest("a") : null;
    if (link === null || !isPlain(event) || !isOwn(link)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
    window.scrollTo(0, 0);
  });
}

/** Whoever holds a key down wants another tab, or a download. */
const isPlain = (event: MouseEvent): boolean =>
  event.button === 0 &&
  !event.defaultPrevented &&
  !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);

/** A way to a place on the same page is the browser's own. */
const isOwn = (link: HTMLAnchorElement): boolean =>
  link.hash === "" &&
  link.origin === window.location.origin &&
  link.pathname.startsWith(`${BASE}/`) &&
  !link.hasAttribute("download") &&
  link.target === "";

/** A part of an address as text; one that was cut within a letter, as it is. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
