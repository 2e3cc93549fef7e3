import type { RolledBack } from "../../agent/ledger/operator/going-back.js";
import { printable } from "../../agent/log/printable.js";
import { countText, numberText } from "../../agent/text/count.js";
import { Failure, exitCodes, failed } from "../../agent/text/failure.js";
import type {
  BanName,
  BannedView,
  ConfirmedView,
  EndedReleaseView,
  LiftedView,
  RangeFateView,
  ReleaseView,
  WentBackView,
} from "../control/order-views.js";
import { table } from "../terminal/table.js";
import { momentText, shortMoment } from "../terminal/when.js";

/** What an order came to: for people, and for the exit code. */
export interface Told {
  readonly text: string;
  /** Undefined when all of it was done as asked. */
  readonly failure: Failure | undefined;
}

export function answerReleased({
  range,
  until,
  bans,
  more,
}: ReleaseView): string {
  const lasts =
    until === null ? "allowed for good" : `released until ${momentText(until)}`;
  const what = `${range} is ${lasts}: no ban touches it`;
  if (bans.length === 0) return `${what}; none did`;
  const rest = more ? " and others" : "";
  return `${what}; out of force ${until === null ? "from now on" : "meanwhile"}: ${namesOf(bans)}${rest}`;
}

export function answerEnded(answer: EndedReleaseView): string {
  const { range, bans, more, stillBy } = answer;
  const what = `${range} is released no longer`;
  if (stillBy !== null) {
    return `${what}, and yet no ban touches it: the guard's rule ${stillBy} protects it`;
  }
  if (bans.length === 0) return `${what}; no ban is on it`;
  const rest = more ? " and others" : "";
  return `${what}; coming back into force: ${namesOf(bans)}${rest}`;
}

/** What this host bans itself from now on. */
export function answerBanned({ range, until, was }: BannedView): string {
  const before = was === null ? "" : ` (was until ${momentText(was)})`;
  return `${range} is banned by this host until ${momentText(until)}${before}; take it back: tourniquet lift ${range}`;
}

export function answerLifted({ range, done, still, more }: LiftedView): Told {
  const rest = more ? " and others" : "";
  const names = still.length === 0 ? "" : `${namesOf(still)}${rest}`;
  const release = `no ban touches it after: tourniquet release ${range}`;
  if (done) {
    const what = `${range} is banned by this host no longer`;
    const also = names === "" ? "" : `; still banned: ${names}; ${release}`;
    return { text: `${what}${also}`, failure: undefined };
  }
  const why = `this host has no ban of its own on exactly ${range}: nothing changed`;
  const also = names === "" ? "" : `; there are ${names}; ${release}`;
  return { text: "", failure: failed(`${why}${also}`) };
}

/** Bans that a trial took back; some may be held by another rule by now. */
export function answerConfirmed(
  { confirmed, held }: ConfirmedView,
  range: string | undefined,
): {
  readonly text: string | undefined;
  readonly failure: Failure | undefined;
} {
  const stopped = Object.entries(held).map(
    ([rule, count]) => `${countText(count, "ban")} by ${rule}`,
  );
  const text =
    confirmed === 0
      ? undefined
      : `${countText(confirmed, "ban")} ${confirmed === 1 ? "is" : "are"} in force, and will not be tried again`;
  if (stopped.length > 0) {
    const why = `held by other rules of the guard now: ${stopped.join(", ")}`;
    const code = confirmed === 0 ? exitCodes.failed : exitCodes.inPart;
    return { text, failure: new Failure(why, code) };
  }
  if (confirmed > 0) return { text, failure: undefined };
  const what = range === undefined ? "no ban" : `no ban on exactly ${range}`;
  const why = `${what} is held as not-confirmed: nothing changed`;
  return { text, failure: failed(why) };
}

export const answerUndone = ({ withheld, putBack }: RolledBack): string =>
  `feeds have their say again: ${countText(withheld, "range")} no longer withheld, ${numberText(putBack)} no longer banned by this host itself`;

export function answerWentBack(answer: WentBackView): Told {
  const { dryRun, withheld, putBack, guarded, ranges } = answer;
  const parts = [
    summaryOf(answer),
    ...ordersText(answer),
    ...(ranges.length === 0 ? [] : [rangesText(answer)]),
    ...(dryRun || withheld + putBack === 0
      ? []
      : ["undo: tourniquet rollback --undo"]),
  ];
  return { text: parts.join("\n"), failure: failureOf(answer, guarded) };
}

function failureOf(
  { dryRun, withheld, putBack }: WentBackView,
  guarded: number,
): Failure | undefined {
  if (dryRun) return undefined;
  if (guarded > 0) {
    const why = `${countText(guarded, "range")} could not be put back: the guard protects them now`;
    const nothing = withheld + putBack === 0;
    return new Failure(why, nothing ? exitCodes.failed : exitCodes.inPart);
  }
  if (withheld + putBack > 0) return undefined;
  return failed("nothing has changed since: nothing was rolled back");
}

function summaryOf(answer: WentBackView): string {
  const { to, dryRun, withheld, putBack, unchanged } = answer;
  const would = dryRun ? "would be " : "";
  const counts = [
    `${countText(withheld, "range")} ${would}withheld`,
    `${numberText(putBack)} ${would}put back`,
    ...(unchanged > 0 ? [`${numberText(unchanged)} unchanged`] : []),
  ].join(", ");
  return dryRun
    ? `dry run, nothing is changed: back to revision ${to}, ${counts}`
    : `back to revision ${to}: ${counts}`;
}

/** Which decisions were taken back, by their reasons. */
function ordersText({
  orders,
  orderCount,
  dryRun,
}: WentBackView): readonly string[] {
  if (orders.length === 0) return [];
  const rows = orders.map((each) => [
    ...["", String(each.order), shortMoment(each.at), each.feed ?? ""],
    `${countText(each.banned + each.observed, "ban")}, ${countText(each.lifted, "lift")}`,
    printable(each.reason),
  ]);
  const more = orderCount - orders.length;
  const verb = dryRun ? "orders that would be taken back" : "orders taken back";
  return [
    `${verb}, newest first:`,
    table(["", "order", "at", "feed", "what", "reason"], rows),
    ...(more > 0 ? [`  and ${countText(more, "order")} before them`] : []),
  ];
}

function rangesText({ ranges, withheld, putBack }: WentBackView): string {
  const rows = ranges.map((each) => ["", each.range, fateText(each)]);
  const isCut = withheld + putBack > ranges.length;
  const rest = isCut ? "\n  and others (tourniquet bans --held)" : "";
  return `ranges:\n${table(["", "range", "what"], rows)}${rest}`;
}

const FATES: Readonly<Record<RangeFateView["fate"], string>> = {
  withheld: "not in force",
  "put-back": "in force again",
  replaced: "in force as it was before",
  guarded: "not in force: the guard protects it",
  same: "unchanged",
};

function fateText({ fate, still }: RangeFateView): string {
  if (still.length === 0) return FATES[fate];
  return `${FATES[fate]}, still banned by ${namesOf(still)}`;
}

const namesOf = (bans: readonly BanName[]): string =>
  bans.map(({ range, feed }) => `${range} of ${feed}`).join(", ");
