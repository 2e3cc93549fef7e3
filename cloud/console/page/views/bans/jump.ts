import type { Answers } from "../../api-types.js";
import { apiPath, ask } from "../../api.js";
import { askedOf, type BansAsked, type BansSort } from "./order.js";

/** Where a list is to be seen from. */
export interface Target {
  readonly asked: BansAsked;
  /** From 0. */
  readonly row: number;
  /** An address that no ban is exactly on, where wider ones may hold it. */
  readonly held?: Held | undefined;
}

/** Bans that hold an address or range, or lie in it. */
export interface Held {
  readonly asked: BansAsked;
  readonly count: number;
}

const ROW = /^\d{1,3}(,?\d{3})*$|^\d+$/;
const TIME = /^\d{4}-\d\d-\d\d/;

/** A list that is looked through is asked for so often, at most. */
const MOST_ASKED = 60;

/**
 * Finds a row by its number, an address, a time or a feed, in an order that goes by
 * that: it may be another than the one seen.
 * @throws ApiProblem, Unreachable, or the signal's reason
 */
export async function targetOf(
  text: string,
  asked: BansAsked,
  signal: AbortSignal,
): Promise<Target> {
  if (ROW.test(text)) {
    const row = Number(text.replaceAll(",", ""));
    return { asked, row: Math.max(0, row - 1) };
  }
  const by = orderedFor(text, asked);
  const to = TIME.test(text) ? timeOf(text) : text;
  const path = apiPath("/bans", { ...askedOf(by), to, limit: 1 });
  for (let turn = 0; turn < MOST_ASKED; turn++) {
    const page = await ask<Answers["listBans"]>(path, { signal });
    const { items, from = 0, scanned = 1 } = page;
    if (items.length === 0 && scanned < 1) continue;
    const isExact = by.sort !== "range" || items[0]?.range === text;
    const held = isExact ? undefined : await heldOf(text, by, signal);
    return { asked: by, row: from, held };
  }
  throw new Error("It takes too long to find that here: ask for less.");
}

/** In its order a list has what is wider before, and maybe far away. */
async function heldOf(
  range: string,
  asked: BansAsked,
  signal: AbortSignal,
): Promise<Held | undefined> {
  const on = { ...asked, q: `${asked.q} range:${range}`.trim() };
  const path = apiPath("/bans", { ...askedOf(on), limit: 1 });
  const { total } = await ask<Answers["listBans"]>(path, { signal });
  return total === 0 ? undefined : { asked: on, count: total };
}

/** The order that is seen, where it goes by that; or one that does. */
function orderedFor(text: string, asked: BansAsked): BansAsked {
  const sorts = sortsFor(text);
  const [sort] = sorts;
  if (sorts.includes(asked.sort) || sort === undefined) return asked;
  return { ...asked, sort, desc: false };
}

function sortsFor(text: string): readonly BansSort[] {
  if (TIME.test(text)) return ["newest", "until"];
  return /^[0-9a-f.:/]+$/i.test(text) ? ["range"] : ["place"];
}

/** A day begins at midnight, in the reader's zone. */
function timeOf(text: string): string {
  const time = new Date(text.length === 10 ? `${text}T00:00` : text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}
