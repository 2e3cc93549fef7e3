import * as v from "valibot";
import { Time } from "../table/answer.js";

/** What hosts reported, as operators get it. */

const place = {
  /** Of the telemetry that brought it: its evidence id. */
  seq: v.number(),
  /** Which of the message's items it is, from 0. */
  nth: v.number(),
  /** When the cloud took it down. */
  at: Time,
  agent: v.string(),
  /** Null: the agent was forgotten. */
  hostname: v.nullable(v.string()),
  org: v.string(),
  /** When the host says it was, but never after `at`. */
  time: Time,
  /** Milliseconds by which the host's clock was ahead; 0 when it was not. */
  earlyBy: v.number(),
};

export const ContactOut = v.object({
  ...place,
  /** The banned address. */
  range: v.string(),
  /** IP protocol number. */
  protocol: v.number(),
  port: v.number(),
  packets: v.number(),
  /** Whether the host began it; what was open before may be the other's. */
  begun: v.boolean(),
  forwarded: v.boolean(),
  /** Its packets were not dropped. */
  observed: v.boolean(),
  process: v.nullable(v.string()),
  unit: v.nullable(v.string()),
  container: v.nullable(v.string()),
});

export const SightingOut = v.object({
  range: v.string(),
  org: v.string(),
  packets: v.number(),
  bytes: v.number(),
  /** Of the packets: sent to the attacker, passing through, not dropped. */
  outgoing: v.number(),
  forwarded: v.number(),
  observed: v.number(),
  firstSeen: Time,
  lastSeen: Time,
});

export const SightingTotal = v.object({
  org: v.string(),
  packets: v.number(),
  bytes: v.number(),
  /** Of the packets, those that were not dropped. */
  observed: v.number(),
});
