import { useEffect, useState } from "preact/hooks";
import type { Answers } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { live } from "../../live.js";
import { useAsked } from "../../use-asked.js";
import { askedOf } from "./order.js";
import type { Windows } from "./use-windows.js";

type BansPage = Answers["listBans"];

/** What happened to a list since it was read. */
export interface Since {
  readonly added: number;
  readonly ended: number;
}

/** Milliseconds from one look to the next. */
const EVERY = 5_000;

const NOTHING: Since = { added: 0, ended: 0 };

/**
 * Counts bans that came, and those that are not there any more, since a list was
 * read: nothing of the list moves by that.
 * @param list undefined: none was read yet
 */
export function useSince(list: Windows | undefined): Since {
  const begun = useFirstNews(list?.cache);
  const isRead = list !== undefined && list.cache.isWhole;
  const one = { limit: 1, at: 0 };
  const all = useAsked<BansPage>(
    isRead ? apiPath("/bans", { ...askedOf(list.asked), ...one }) : undefined,
    { every: EVERY },
  );
  const q = `${list?.asked.q ?? ""} since:>=${begun ?? ""}`.trim();
  const added = useAsked<BansPage>(
    isRead && begun !== undefined
      ? apiPath("/bans", { q, sort: "newest", ...one })
      : undefined,
    { every: EVERY },
  );
  const now = wholeOf(all.data);
  if (!isRead || now === undefined) return NOTHING;
  const more = wholeOf(added.data) ?? 0;
  const ended = Math.max(0, list.cache.count + more - now);
  return { added: more, ended };
}

/** When the first thing was decided that the list does not show, RFC 3339. */
function useFirstNews(cache: Windows["cache"] | undefined): string | undefined {
  const [first, setFirst] = useState<{ of: unknown; at: string }>();
  useEffect(
    () =>
      live.listen((news) => {
        const told = news.find(({ news: { kind } }) => kind === "decided");
        if (told === undefined) return;
        setFirst((was) =>
          was?.of === cache ? was : { of: cache, at: told.at },
        );
      }),
    [cache],
  );
  return first?.of === cache ? first?.at : undefined;
}

const wholeOf = (page: BansPage | undefined): number | undefined =>
  page !== undefined && (page.scanned ?? 1) >= 1 ? page.total : undefined;
