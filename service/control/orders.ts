import * as v from "valibot";
import type { AgentOrders } from "../../agent/agent.js";
import { isWideRelease } from "../../agent/health/verdict.js";
import { LONGEST_REASON } from "../../agent/model/ban.js";
import {
  formatCidr,
  parseListedCidr,
  type Cidr,
} from "../../agent/model/cidr.js";
import { modes } from "../../agent/model/mode.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { isoTime } from "../../agent/text/time.js";
import {
  LONGEST_BAN_S,
  LONGEST_PAUSE_S,
  LONGEST_RELEASE_S,
  LONGEST_SINCE_S,
} from "./order-limits.js";
import {
  endOf,
  wentBackView,
  type BanName,
  type BannedView,
  type LiftedView,
  type ReleaseView,
} from "./order-views.js";

type Word = AgentOrders["orders"];

/** Who gives an order, and who hears how far it has come. */
export interface Giver {
  readonly by: string;
  readonly tell: (note: string) => void;
}

/** Carries out what the body of a POST says. */
export type Order = (
  word: Word,
  body: string,
  giver: Giver,
) => Promise<unknown>;

/** It would keep bans off a large part of all addresses, and nobody said so. */
export class NeedsWide extends Error {
  override readonly name = "NeedsWide";

  constructor(cidr: Cidr) {
    super(
      `${formatCidr(cidr)} is a large part of all addresses, and no ban would touch any of it; if that is meant, add --wide`,
    );
  }
}

const seconds = (most: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const range = v.pipe(v.string(), v.maxLength(64));
const revision = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

const ModeOrder = v.strictObject({ mode: v.picklist(modes) });
const PauseOrder = v.strictObject({ seconds: seconds(LONGEST_PAUSE_S) });
const ReleaseOrder = v.strictObject({
  range,
  seconds: seconds(LONGEST_RELEASE_S),
  reason: v.pipe(v.string(), v.maxBytes(LONGEST_REASON)),
  wide: v.optional(v.boolean(), false),
});
const AllowOrder = v.omit(ReleaseOrder, ["seconds"]);
const BanOrder = v.strictObject({
  range,
  seconds: seconds(LONGEST_BAN_S),
  reason: v.pipe(v.string(), v.maxBytes(LONGEST_REASON)),
  replace: v.optional(v.boolean(), false),
});
const LiftOrder = v.strictObject({ range });
const UndoReleaseOrder = v.strictObject({ range });
const RollbackOrder = v.strictObject({
  revision: v.optional(revision),
  toBefore: v.optional(revision),
  since: v.optional(seconds(LONGEST_SINCE_S)),
  dryRun: v.optional(v.boolean()),
});
const ConfirmOrder = v.strictObject({ range: v.optional(range) });
const UndoRollbackOrder = v.strictObject({});

/** By the path that they are posted to. */
export const orders: ReadonlyMap<string, Order> = new Map<string, Order>([
  ["/v1/mode", turnTo],
  ["/v1/pause", pause],
  ["/v1/ban", ban],
  ["/v1/lift", lift],
  ["/v1/allow", allow],
  ["/v1/release", release],
  ["/v1/release/undo", endRelease],
  ["/v1/rollback", rollBack],
  ["/v1/rollback/undo", undoRollbacks],
  ["/v1/confirm", confirm],
]);

async function turnTo(word: Word, body: string, { by }: Giver) {
  const order = parse(ModeOrder, body);
  await word.turnTo(order.mode, by);
  return order;
}

async function pause(word: Word, body: string, { by }: Giver) {
  const order = parse(PauseOrder, body);
  const until = await word.pause(order.seconds, by);
  return { until: isoTime(until * 1_000) };
}

async function release(
  word: Word,
  body: string,
  { by }: Giver,
): Promise<ReleaseView> {
  return releaseFrom(word, parse(ReleaseOrder, body), by);
}

/** A release without an end. */
async function allow(
  word: Word,
  body: string,
  { by }: Giver,
): Promise<ReleaseView> {
  const order = { ...parse(AllowOrder, body), seconds: undefined };
  return releaseFrom(word, order, by);
}

async function releaseFrom(
  word: Word,
  { range: text, wide, ...order }: ReleaseTerms,
  by: string,
): Promise<ReleaseView> {
  const cidr = parseListedCidr(text);
  if (isWideRelease(cidr) && !wide) throw new NeedsWide(cidr);
  const { until, bans, more } = await word.release({ cidr, ...order }, by);
  const named = { bans: bans.map(nameOf), more };
  return { range: formatCidr(cidr), until: endOf(until), ...named };
}

interface ReleaseTerms {
  readonly range: string;
  readonly wide: boolean;
  readonly seconds: number | undefined;
  readonly reason: string;
}

async function ban(
  word: Word,
  body: string,
  { by }: Giver,
): Promise<BannedView> {
  const { range: text, ...order } = parse(BanOrder, body);
  const cidr = parseListedCidr(text);
  const { until, was } = await word.ban({ cidr, ...order }, by);
  return {
    range: formatCidr(cidr),
    until: isoTime(until * 1_000),
    was: was === undefined ? null : isoTime(was * 1_000),
  };
}

async function lift(
  word: Word,
  body: string,
  { by }: Giver,
): Promise<LiftedView> {
  const cidr = parseListedCidr(parse(LiftOrder, body).range);
  const { done, still, more } = await word.lift(cidr, by);
  return { range: formatCidr(cidr), done, still: still.map(nameOf), more };
}

async function endRelease(word: Word, body: string, { by }: Giver) {
  const cidr = parseListedCidr(parse(UndoReleaseOrder, body).range);
  const effect = await word.endRelease(cidr, by);
  const { bans = [], more = false, stillBy } = effect ?? {};
  return {
    range: formatCidr(cidr),
    done: effect !== undefined,
    stillBy: stillBy ?? null,
    ...{ bans: bans.map(nameOf), more },
  };
}

async function rollBack(word: Word, body: string, { by, tell }: Giver) {
  const order = parse(RollbackOrder, body);
  return wentBackView(await word.rollBack(order, by, tell), order);
}

function undoRollbacks(word: Word, body: string, { by, tell }: Giver) {
  parse(UndoRollbackOrder, body);
  return word.undoRollbacks(by, tell);
}

async function confirm(word: Word, body: string, { by }: Giver) {
  const { range: text } = parse(ConfirmOrder, body);
  const cidr = text === undefined ? undefined : parseListedCidr(text);
  const { confirmed, held } = await word.confirm(cidr, by);
  return { confirmed, held: Object.fromEntries(held) };
}

const nameOf = ({
  cidr,
  feed,
}: {
  readonly cidr: Cidr;
  readonly feed: string;
}): BanName => ({ range: formatCidr(cidr), feed });

const parse = <T extends v.GenericSchema>(
  shape: T,
  body: string,
): v.InferOutput<T> => parseJson(shape, body, "the order");
