import * as v from "valibot";
import type { AgentOrders } from "../agent/agent.js";
import { LONGEST_REASON } from "../agent/model/ban.js";
import { formatCidr, parseListedCidr } from "../agent/model/cidr.js";
import { modes } from "../agent/model/mode.js";
import { parseJson } from "../agent/protocol/shapes.js";

type Word = AgentOrders["word"];

/** Carries out what the body of a POST says; `by` is who sent it. */
export type Order = (word: Word, body: string, by: string) => Promise<unknown>;

/** A pause is for the time that it takes to find out what is wrong. */
export const LONGEST_PAUSE_S = 86_400;

/** What is to last longer belongs into the configuration's `guard.allow`. */
export const LONGEST_RELEASE_S = 30 * 86_400;

const seconds = (most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const range = v.pipe(v.string(), v.maxLength(64));

const ModeOrder = v.strictObject({ mode: v.picklist(modes) });
const PauseOrder = v.strictObject({ seconds: seconds(LONGEST_PAUSE_S) });
const ReleaseOrder = v.strictObject({
  range,
  seconds: seconds(LONGEST_RELEASE_S),
  reason: v.pipe(v.string(), v.maxBytes(LONGEST_REASON)),
});
const UndoReleaseOrder = v.strictObject({ range });
const RollbackOrder = v.strictObject({
  revision: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
});
const ConfirmOrder = v.strictObject({ range: v.optional(range) });
const UndoRollbackOrder = v.strictObject({});

/** By the path that they are posted to. */
export const orders: ReadonlyMap<string, Order> = new Map([
  ["/v1/mode", turnTo],
  ["/v1/pause", pause],
  ["/v1/release", release],
  ["/v1/release/undo", endRelease],
  ["/v1/rollback", rollBack],
  ["/v1/rollback/undo", undoRollbacks],
  ["/v1/confirm", confirm],
]);

async function turnTo(word: Word, body: string, by: string): Promise<unknown> {
  const order = parse(ModeOrder, body);
  await word.turnTo(order.mode, by);
  return order;
}

async function pause(word: Word, body: string, by: string): Promise<unknown> {
  const order = parse(PauseOrder, body);
  const until = await word.pause(order.seconds, by);
  return { until: new Date(until * 1_000).toISOString() };
}

async function release(word: Word, body: string, by: string): Promise<unknown> {
  const { range: text, ...order } = parse(ReleaseOrder, body);
  const cidr = parseListedCidr(text);
  await word.release({ cidr, ...order }, by);
  return { range: formatCidr(cidr) };
}

async function endRelease(
  word: Word,
  body: string,
  by: string,
): Promise<unknown> {
  const cidr = parseListedCidr(parse(UndoReleaseOrder, body).range);
  const done = await word.endRelease(cidr, by);
  return { range: formatCidr(cidr), done };
}

function rollBack(word: Word, body: string, by: string): Promise<unknown> {
  return word.rollBack(parse(RollbackOrder, body).revision, by);
}

function undoRollbacks(word: Word, body: string, by: string): Promise<unknown> {
  parse(UndoRollbackOrder, body);
  return word.undoRollbacks(by);
}

async function confirm(word: Word, body: string, by: string): Promise<unknown> {
  const { range: text } = parse(ConfirmOrder, body);
  const cidr = text === undefined ? undefined : parseListedCidr(text);
  return { confirmed: await word.confirm(cidr, by) };
}

const parse = <T extends v.GenericSchema>(
  shape: T,
  body: string,
): v.InferOutput<T> => parseJson(shape, body, "the order");
