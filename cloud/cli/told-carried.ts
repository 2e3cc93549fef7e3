import { countText, numberText } from "../../agent/text/count.js";
import type { TakenItem } from "./ask-cloud.js";
import type { BundleSummary, FeedSummary } from "./bundle-file.js";
import { momentOf } from "./words.js";

/** What a bundle brings, to whoever carries it. */
export function toldBundle(out: string, summary: BundleSummary): string {
  const { org, agent, bytes, parts, goodUntil, feeds } = summary;
  const whom =
    agent === undefined ? `any host of ${org}` : `${agent} of ${org}`;
  const until =
    goodUntil === null ? "" : `; to be applied by ${momentOf(goodUntil)}`;
  return [
    `${out}: ${countText(bytes, "byte")} in ${countText(parts, "part")} for ${whom}${until}`,
    ...feeds.map(toldFeed),
  ].join("\n");
}

function toldFeed(found: FeedSummary): string {
  const { feed, offset, snapshotBans, segments, from } = found;
  if (offset === 0) return `${feed}: nothing yet`;
  const more = segments === 0 ? "" : countText(segments, "segment");
  if (snapshotBans === null) {
    if (segments === 0) return `${feed}: at ${numberText(offset)}, nothing new`;
    return `${feed}: from ${numberText(from)} to ${numberText(offset)}, ${more}`;
  }
  const whole = `the whole state, ${countText(snapshotBans, "ban")}`;
  const parts = more === "" ? whole : `${whole}, and ${more}`;
  return `${feed}: up to ${numberText(offset)}, ${parts}`;
}

type Receipt = TakenItem["receipts"][number];

/** What a receipt that was carried here proves. */
export function toldReceipt(taken: Receipt): string {
  if (taken.fate === "refused") {
    const { agent, feed, why } = taken;
    return `refused: a receipt of ${agent}${feed ? ` for ${feed}` : ""}: ${why}`;
  }
  const { agent, hostname, receipt, fate } = taken;
  const { position, mode, banned, lifted, observed, heldTotal, trial } =
    receipt;
  const does = mode === "enforce" ? "enforces" : "only observes";
  const tried = trial ? `, on trial until ${momentOf(trial.until)}` : "";
  const counts = `+${banned} -${lifted} observed ${observed} held ${heldTotal}`;
  const claim = `${hostname} (${agent}) ${does} ${position.feed} up to ${position.offset} since ${momentOf(receipt.receivedAt)}: ${counts}${tried}`;
  return `${FATES[fate]}: ${claim}`;
}

const FATES: Readonly<Record<Exclude<Receipt["fate"], "refused">, string>> = {
  kept: "proven",
  known: "known already",
  diverges: "DIVERGES from this cloud's history, and is kept as evidence",
  "not-ours": "not kept, it is of a history that is past or not yet here",
  "too-large": "not kept, it is too large",
  "over-budget":
    "not kept, the host's budget is used up; take it in again later",
};
