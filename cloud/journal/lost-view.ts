import { existsSync, readdirSync, renameSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { removeDatabase } from "./database.js";
import { JournalRolledBack, cursorIn } from "./view.js";

/**
 * A view that saw more than decisions that were restored from a copy: it alone
 * knows what was erased since. It lies aside, named by where the copy ends, until
 * new epochs are begun and that is erased again.
 */
export const lostView = (view: string, last: number): string =>
  join(dirname(view), `${basename(view, ".db")}-lost-at-${last}.db`);

/** Nobody may have the view open. */
export function setAside(view: string, last: number): void {
  const lost = lostView(view, last);
  if (existsSync(view) && !existsSync(lost)) renameSync(view, lost);
  removeDatabase(view);
}

/**
 * Removes what lies aside though new epochs are begun.
 * @throws JournalRolledBack where that was cut off before it was written down
 */
export function mustBeBegunAnew(view: string, last: number): void {
  const dir = dirname(view);
  for (const name of readdirSync(dir)) {
    const [, at] = /-lost-at-(\d+)\.db$/.exec(name) ?? [];
    if (at === undefined) continue;
    const lost = join(dir, name);
    const seen = cursorIn(lost);
    if (Number(at) !== last) removeDatabase(lost);
    else if (seen > last) throw new JournalRolledBack(view, seen, last);
  }
}
