import type { Context } from "hono";
import type * as v from "valibot";
import { unixSeconds } from "../../agent/clock.js";
import { formatCidr } from "../../agent/model/cidr.js";
import type { FeedName } from "../../agent/model/position.js";
import { judge, type Judgement } from "../lists/judge.js";
import { ListReader, readList, type ListReport } from "../lists/list.js";
import { judgeReplacement, Replacement } from "../lists/replacement.js";
import type { OperatorApiPorts } from "./ports.js";
import { ApiProblem, checked, problem } from "./problem.js";
import { bounded, type OperatorEnv } from "./requests.js";
import { ImportOrder } from "./shapes.js";

/** What became of a list, or would. */
export interface ImportAnswer extends ListReport {
  readonly dryRun: boolean;
  /** Ranges that hosts will hold for want of an approval, and the first of them. */
  readonly unapproved: number;
  readonly wide: readonly string[];
  /** Of a replacement; null where the list only adds. */
  readonly replaced: null | {
    /** Ranges that the list brought before and that were banned still. */
    readonly before: number;
    readonly lifted: number;
    /** Those that the list has no more, but somebody else bans, too. */
    readonly kept: number;
  };
}

/**
 * The body streams through: a list of a million lines is never held as text.
 * Nothing is published before all of it was read and judged.
 */
export async function importList(
  c: Context<OperatorEnv>,
  ports: OperatorApiPorts,
  known: (feed: FeedName) => FeedName,
): Promise<Response> {
  const order = checked(ImportOrder, c.req.query());
  const feed = known(order.feed);
  const reader = new ListReader(order);
  const body = c.env.incoming as AsyncIterable<Uint8Array>;
  await readList(bounded(body, MOST_LIST_BYTES), reader);
  const report = reader.report();
  mustBeTaken(judge(report, order), report);
  const replacement = await replacementFor(order, reader, ports);
  if (replacement !== undefined) {
    mustBeTaken(judgeReplacement(report, replacement, order.force), report);
  }

  const counter = ports.approvals.counter(feed);
  const { size } = reader.ranges;
  const ranges = {
    size,
    [Symbol.iterator]: () => counter.watch(reader.ranges),
  };
  const { for: forSeconds, reason, observe: observed, list } = order;
  const terms = { forSeconds, reason, observed };
  const from = list === undefined ? undefined : listOf(list, replacement);
  const mandate = { feed, by: c.get("operator") };
  if (order.dryRun) lookAtAll(ranges);
  const decision = order.dryRun
    ? undefined
    : await ports.decisions.import(mandate, ranges, terms, from);
  const answer: ImportAnswer = {
    ...report,
    dryRun: order.dryRun,
    unapproved: counter.count,
    wide: counter.first.map(formatCidr),
    replaced: replacement?.summary ?? null,
  };
  return c.json({ ...decision, ...answer }, order.dryRun ? 200 : 201);
}

/** Four million addresses as text. */
const MOST_LIST_BYTES = 64 * 1024 * 1024;

/** @throws ApiProblem with what the list looks like, and its first bad lines */
function mustBeTaken(judgement: Judgement, report: ListReport): void {
  if (judgement.take !== "nothing") return;
  const message = judgement.why;
  const field = { field: "body", value: undefined, message };
  throw new ApiProblem(400, "invalid", [field], { report });
}

async function replacementFor(
  { replace, list, feed }: v.InferOutput<typeof ImportOrder>,
  { ranges }: ListReader,
  { state, clock }: OperatorApiPorts,
): Promise<Replacement | undefined> {
  if (!replace) return undefined;
  if (list === undefined) {
    throw problem(400, "invalid", {
      field: "list",
      value: undefined,
      message: "list: a name is needed to know what is replaced",
    });
  }
  const replacement = new Replacement(ranges);
  const now = unixSeconds(clock.now());
  for await (const page of state.brought(feed, list, now)) {
    replacement.see(page);
  }
  return replacement;
}

const listOf = (name: string, replacement: Replacement | undefined) => ({
  name,
  ...(replacement && { lifts: replacement.lifts }),
});

/** Counts what is wide, as publishing it would. */
function lookAtAll(ranges: Iterable<unknown>): void {
  for (const _range of ranges);
}
