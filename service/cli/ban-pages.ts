import { askAgent } from "../control/client.js";
import type { BanView } from "../control/list-views.js";

/** Which bans are asked for. */
export interface Chosen {
  /** Only those that a guard stopped. */
  readonly held?: boolean;
  readonly feed?: string;
  /** Only those whose reason has it in it, whatever the case. */
  readonly reason?: string;
}

export interface BansQuery extends Chosen {
  /** Only those on, around and within it. */
  readonly range: string | undefined;
  readonly most: number;
}

/** The same of those alone whose reason is asked for, which only a look tells. */
export async function* chosenOf(
  socket: string,
  query: BansQuery,
  readerLeft: AbortSignal,
): AsyncGenerator<readonly BanView[], void> {
  const { reason, most } = query;
  if (reason === undefined) return yield* pagesOf(socket, query, readerLeft);
  const wanted = reason.toLowerCase();
  let left = most;
  const all = pagesOf(socket, { ...query, most: Infinity }, readerLeft);
  for await (const page of all) {
    const found = page
      .filter((ban) => ban.reason.toLowerCase().includes(wanted))
      .slice(0, left);
    left -= found.length;
    if (found.length > 0) yield found;
    if (left <= 0) return;
  }
}

/**
 * Page by page, so that neither side ever holds all of them; while one is
 * printed, the agent is at work on the next.
 */
async function* pagesOf(
  socket: string,
  { most, ...query }: BansQuery,
  readerLeft: AbortSignal,
): AsyncGenerator<readonly BanView[], void> {
  const ask = (limit: number, last?: BanView) => {
    const path = `/v1/bans?${queryOf(query, { limit, last })}`;
    const page = askAgent(socket, path) as Promise<readonly BanView[]>;
    page.catch(() => undefined); // told once it is awaited
    return page;
  };
  let left = most;
  let size = Math.min(FIRST_PAGE, left); // sooner there than a whole page
  for (let coming = ask(size); ;) {
    const page = await coming;
    left -= page.length;
    const isLast = page.length < size || left <= 0 || readerLeft.aborted;
    size = Math.min(PAGE, left);
    if (!isLast) coming = ask(size, page.at(-1));
    if (page.length > 0) yield page;
    if (isLast) return;
  }
}

export function queryOf(
  { held, feed, range }: Omit<BansQuery, "most">,
  {
    limit,
    last,
  }: { readonly limit?: number; readonly last?: BanView | undefined },
): string {
  const query = new URLSearchParams();
  if (limit !== undefined) query.set("limit", String(limit));
  if (held) query.set("held", "");
  if (feed !== undefined) query.set("feed", feed);
  if (range !== undefined) query.set("range", range);
  if (last) query.set("after", `${last.feed} ${last.range}`);
  return query.toString();
}

const FIRST_PAGE = 100;

/** As many as the agent hands out at once. */
const PAGE = 1_000;
