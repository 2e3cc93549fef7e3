import { printable } from "../../agent/log/printable.js";
import { countText, numberText } from "../../agent/text/count.js";
import type { AppliedFeedView, AppliedView } from "../control/carrying.js";
import { momentText } from "../terminal/when.js";

/** What `tourniquet apply` says to people. */
export function appliedText(applied: AppliedView): string {
  const { madeAt, goodUntil, dryRun, root, approvals, feeds } = applied;
  const verb = dryRun ? "would be taken in, all of it is good" : "taken in";
  const until =
    goodUntil === null
      ? ""
      : `; it can be applied until ${momentText(goodUntil)}`;
  return [
    `the bundle of ${momentText(madeAt)}: ${verb}${until}`,
    ...feeds.flatMap(feedLines),
    ...(root.after > root.before
      ? [`root ${root.after} in place of root ${root.before}`]
      : []),
    ...(approvals > 0 ? [countText(approvals, "new approval")] : []),
  ].join("\n");
}

function feedLines(view: AppliedFeedView): readonly string[] {
  const { feed, standing, before, after, trial, stopped } = view;
  const at = after === null ? "empty" : `at ${after.offset}`;
  const name = printable(feed);
  return [
    standing === "moves"
      ? `${name}: from ${before?.offset ?? 0} to ${after?.offset ?? 0}${countsText(view)}`
      : `${name}: ${at} already${standing === "past" ? ", which is past the bundle" : ""}`,
    ...(trial === null
      ? []
      : [
          `  ${countText(trial.bans, "ban")} on trial until ${momentText(trial.until)}: taken back unless this host lives on with them`,
        ]),
    ...(stopped === null ? [] : [`  stopped: ${printable(stopped)}`]),
  ];
}

function countsText({
  banned,
  lifted,
  observed,
  held,
  expired,
}: AppliedFeedView) {
  const parts = [
    ...(banned > 0 ? [`${countText(banned, "ban")} taken in`] : []),
    ...(observed > 0 ? [`${numberText(observed)} observed`] : []),
    ...(lifted > 0 ? [`${numberText(lifted)} lifted`] : []),
    ...(held > 0 ? [`${numberText(held)} held (tourniquet bans --held)`] : []),
    ...(expired > 0 ? [`${numberText(expired)} over already`] : []),
  ];
  return parts.length === 0 ? "" : `: ${parts.join(", ")}`;
}
