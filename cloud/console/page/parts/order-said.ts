import type { Banned, Lifted } from "../api-types.js";
import { counted } from "./bits.js";
import { heldSaid } from "./held-said.js";
import { span } from "./time.js";

type BanEffect = Banned["effects"][number];
type LiftEffect = Lifted["effects"][number];

/** "for 3 h more", or that it never ends: for the middle of a sentence. */
export const endSaid = (until: string): string =>
  until.startsWith("9999")
    ? "without an end"
    : `for ${span(Date.parse(until) - Date.now())}`;

/** What a ban would do to one range, as a sentence goes on. */
export function banEffectSaid(each: BanEffect): string {
  const { effect, until, observed, before } = each;
  const now = `would be ${observed ? "counted" : "banned"} ${endSaid(until)}`;
  const was =
    before === null
      ? ""
      : `${before.observed ? "counted" : "banned"} ${endSaid(before.until)} more`;
  return {
    new: `${now}.`,
    extended: `${now}; it is ${was} already.`,
    enforced: `${now}; so far it is only ${was}.`,
    shortened: `${now} instead of ${was}.`,
    weakened: `${now}: less than it is, ${was}.`,
    unchecked: `${now}; what stands there could not be looked up.`,
    unchanged: `stays as it is: ${was}.`,
    "would-shorten": `stays as it is: ${was}, which is longer.`,
    "would-weaken": `stays as it is: ${was}, which is more.`,
  }[effect];
}

/** Whether less than what stands there was asked for, and is not done. */
export const isLess = ({ effect }: BanEffect): boolean =>
  effect === "would-shorten" || effect === "would-weaken";

/** Why hosts with the usual settings would hold it back, if they would. */
export const heldBackSaid = ({ held }: BanEffect): string | undefined =>
  held === null
    ? undefined
    : `Hosts with the usual settings hold it back (${held}). ${heldSaid(held)}`;

/** What a lift would take back of one range. */
export function liftEffectSaid({ lifted, inside }: LiftEffect): string {
  const feeds = Object.entries(lifted);
  const said = feeds
    .filter(([, bans]) => bans > 0)
    .map(([feed, bans]) => `${counted(bans, "ban")} in ${feed}`);
  const what =
    said.length === 0
      ? "There is no ban on it to lift there."
      : `It would lift ${said.join(", ")}.`;
  if (inside === 0) return what;
  const stay = inside === 1 ? "stays" : "stay";
  return `${what} ${counted(inside, "ban")} inside it ${stay}.`;
}
