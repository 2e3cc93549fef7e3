import * as v from "valibot";
import { Time, Whole } from "../table/answer.js";

/** What a sensor of a host saw. */
export const Detection = v.object({
  /** Of the telemetry that brought it, and which of its items it is. */
  seq: Whole,
  nth: Whole,
  /** When the cloud took it down. */
  at: Time,
  agent: v.string(),
  /** Null: the agent was forgotten. */
  hostname: v.nullable(v.string()),
  org: v.string(),
  /** When the host says it was, but never after `at`. */
  time: Time,
  /** Milliseconds by which the host's clock was ahead. */
  earlyBy: v.number(),
  sensor: v.string(),
  source: v.string(),
  count: Whole,
  firstSeen: Time,
  lastSeen: Time,
  action: v.picklist(["banned", "held", "none"]),
  rule: v.nullable(v.string()),
});
