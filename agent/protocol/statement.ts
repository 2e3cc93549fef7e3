import * as v from "valibot";
import { modes } from "../model/mode.js";
import { extended } from "./ext.js";
import { limits } from "./limits.js";
import {
  Count,
  Feed,
  Id,
  Range,
  Time,
  WirePosition,
  listOf,
  shortText,
} from "./shapes.js";

/** What every statement says, whatever it is about. */
const common = {
  agent: Id,
  /** When it was, by the host's clock. */
  time: Time,
  /** What the host does with its bans since then. */
  mode: v.picklist(modes),
  ...extended,
};

/** What became of a change that was on trial, by the revision of its receipt. */
const trial = {
  feed: Feed,
  revision: Count,
  /** Where the change led to, if nothing of the feed came after it. */
  position: v.exactOptional(WirePosition),
  bans: Count,
};

/**
 * What changed on a host after it gave its receipts, and would make them untrue: by
 * its own trials or by its operator. Signed by the device.
 */
export const Statement = v.variant("what", [
  v.strictObject({ what: v.literal("trial-passed"), ...common, ...trial }),
  v.strictObject({
    what: v.literal("trial-failed"),
    ...common,
    ...trial,
    /** What was missing. */
    why: listOf(shortText(128), limits.statementReasons),
  }),
  v.strictObject({
    what: v.literal("released"),
    ...common,
    range: Range,
    until: Time,
  }),
  v.strictObject({
    what: v.literal("release-ended"),
    ...common,
    range: Range,
  }),
  v.strictObject({
    what: v.literal("rolled-back"),
    ...common,
    /** The revision whose ruleset is in force again. */
    revision: Count,
    withheld: Count,
    putBack: Count,
  }),
  v.strictObject({
    what: v.literal("rollback-undone"),
    ...common,
    ranges: Count,
  }),
  v.strictObject({
    what: v.literal("confirmed"),
    ...common,
    /** Absent: of all. */
    range: v.exactOptional(Range),
    bans: Count,
  }),
  v.strictObject({ what: v.literal("mode"), ...common }),
  v.strictObject({ what: v.literal("paused"), ...common, until: Time }),
  v.strictObject({ what: v.literal("pause-ended"), ...common }),
]);
export type Statement = v.InferOutput<typeof Statement>;

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** What there is to say, before the host adds who and when. */
export type Fact = Without<Statement, "agent" | "time" | "mode" | "ext">;
