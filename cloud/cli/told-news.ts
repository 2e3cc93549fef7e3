import type * as v from "valibot";
import type { LiveMessage } from "../api/live/live-event.js";
import { VENDOR } from "./decisions-command.js";
import { counted, untilText } from "./words.js";

export type LiveTold = v.InferOutput<typeof LiveMessage>;
export type LiveItem = LiveTold["items"][number];
type Told = LiveItem["news"];

/** What happened, in one line for a person. */
export function newsText(news: Told): string {
  switch (news.kind) {
    case "decided":
      return decidedText(news);
    case "proposal": {
      const { proposal, state, by, reason } = news;
      return `proposal ${proposal} ${state} by ${by}${whyText(reason)}`;
    }
    case "glass": {
      const { glass, state, by, reason } = news;
      return `glass ${glass} ${state} by ${by}${whyText(reason)}`;
    }
    case "agent":
      return `host ${news.hostname} (${news.org}) ${news.change}`;
    case "rate":
      return `the rules are at their rate: ${news.perMinute} bans a minute`;
    default:
      return plainText(news);
  }
}

function decidedText(news: Extract<Told, { kind: "decided" }>): string {
  const { decision, action, feed, by, ranges, reason, until, list } = news;
  const verb = news.observed ? "observe" : action;
  const named = list === null ? "" : ` of list ${list}`;
  const ends = until === null ? "" : ` ${untilText(until)}`;
  const who = by ?? VENDOR;
  return `${decision} ${verb} ${counted(ranges, "range")}${named} in ${feed}${ends} by ${who}${whyText(reason)}`;
}

const whyText = (reason: string): string =>
  reason === "" ? "" : `: ${reason}`;

/** Its fields as they are. */
const plainText = ({ kind, ...fields }: Told): string =>
  [
    kind,
    ...Object.entries(fields).flatMap(([name, value]) =>
      value === null ? [] : [`${name} ${String(value)}`],
    ),
  ].join(" ");
