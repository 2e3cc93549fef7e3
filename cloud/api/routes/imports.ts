import * as v from "valibot";
import { shortText } from "../../../agent/protocol/shapes.js";
import { judge, type Judgement } from "../../lists/judge.js";
import { listFormats } from "../../lists/line.js";
import { ListReader, readList, type ListReport } from "../../lists/list.js";
import { looks } from "../../lists/look.js";
import { judgeReplacement } from "../../lists/replacement.js";
import type { Caller } from "../../operators/caller.js";
import { CloudFeed, Reason, Term, YesOrNo } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { ApiProblem, problem } from "../problem.js";
import { bounded } from "../requests.js";
import { Whole } from "../table/answer.js";
import { answer, route, type Call, type Route } from "../table/route.js";
import {
  WIDE,
  orderedIn,
  placeOf,
  Rings,
  placed,
  statusOf,
  termsOf,
} from "./orders.js";
import { Why, judged, orderedOrWaits, waitsAnswer } from "./two-persons.js";

const Name = v.pipe(shortText(128), v.minLength(1));

export const ImportOrder = v.strictObject({
  feed: v.optional(CloudFeed),
  for: v.optional(Term, "7d"),
  reason: v.optional(Reason, ""),
  observe: v.optional(YesOrNo, "false"),
  format: v.optional(v.picklist(listFormats)),
  /** Of a table: the column with the ranges, by name, or by number from 1. */
  column: v.optional(Name),
  /** Whose ranges they are, so that a later import can replace them. */
  list: v.optional(Name),
  /** Lift what the list of this name brought before and has no more. */
  replace: v.optional(YesOrNo, "false"),
  /** Take what can be taken of what is hardly a list. */
  force: v.optional(YesOrNo, "false"),
  /** Say what would be done, and do nothing. */
  dryRun: v.optional(YesOrNo, "false"),
  /** Of an approver: what is large is everybody's at once, too. */
  noRings: v.optional(YesOrNo, "false"),
  /** Of an admin: it is carried out at once, for a day at most, and reviewed. */
  breakGlass: v.optional(Why),
});
export type ImportOrder = v.InferOutput<typeof ImportOrder>;

/** How a list was read. */
const report = {
  /** Null where no line is an entry in any. */
  format: v.nullable(v.picklist(listFormats)),
  lines: Whole,
  /** Lines with an entry, whether or not another line had it already. */
  taken: Whole,
  /** Different ranges. */
  entries: Whole,
  /** Entries whose host bits were set, and are now cleared. */
  masked: Whole,
  duplicates: Whole,
  rejected: Whole,
  /** The first of them. */
  rejections: v.array(
    v.object({ line: Whole, text: v.string(), problem: v.string() }),
  ),
  /** What the rejected lines look like, with the first that does. */
  look: v.nullable(v.object({ line: Whole, as: v.picklist(looks) })),
};

export const ImportAnswer = v.object({
  ...report,
  ...placed,
  ...judged,
  /** Ranges that wait for the critical keys' approval. */
  unapproved: Whole,
  /** How many ranges had each effect, as bans name them. */
  counts: v.record(v.string(), Whole),
  /** How many bans hosts with usual settings hold, by rule; the first of them. */
  held: v.record(v.string(), Whole),
  heldFirst: v.array(v.object({ range: v.string(), rule: v.string() })),
  /** Of a replacement: what became of the list's earlier ranges. */
  replaced: v.nullable(v.object({ before: Whole, lifted: Whole, kept: Whole })),
  /** When hosts begin with what is large and new; null: all of them at once. */
  rings: v.nullable(Rings),
});

/** Four million addresses as text. */
const MOST_LIST_BYTES = 64 * 1024 * 1024;

/** Whole lists. */
export const importRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/imports", operationId: "importList" },
    ...{
      tag: "Bans",
      summary: "Bans a list, once all of it was read and judged",
    },
    description:
      "The body is the list: plain, FireHOL, Spamhaus, DShield, ipset, ipsum or CSV. Where no feed is named: reputation, and their own feed for an org's operators. What is refused is told with a `report` of how it was read.",
    ...{ allows: "analyst", scope: "own", changes: true },
    query: ImportOrder,
    body: { stream: "text/plain", mostBytes: MOST_LIST_BYTES },
    answers: orderedOrWaits(ImportAnswer),
    problems: [404, 409],
    handle: async (call) => importList(call, ports),
  }),
];

/**
 * The body streams through: a list of a million lines is never held as text.
 * Nothing is published before all of it was read and judged.
 */
async function importList(
  { caller, query: order, context }: ImportCall,
  ports: OperatorApiPorts,
) {
  const feed = orderedIn(caller, order.feed, "reputation", ports);
  const { list, replace, dryRun, force } = order;
  if (replace && list === undefined) throw nameIsNeeded();
  const reader = new ListReader(order);
  const body = context.env.incoming as AsyncIterable<Uint8Array>;
  await readList(bounded(body, MOST_LIST_BYTES), reader);
  const read = reader.report();
  mustBeTaken(judge(read, order), read);
  const came = await ports.orders.import(caller, {
    ...{
      feed,
      ranges: reader.ranges,
      report: read,
      terms: termsOf(caller, order),
    },
    ...{ list, replace, dryRun, breakGlass: order.breakGlass },
    judge: (replacement) => {
      mustBeTaken(judgeReplacement(read, replacement, force), read);
    },
  });
  if (came.kind === "waits") return waitsAnswer(came);
  const { done, dangers, glass, flows } = came;
  const { decision, rings = null, ...effects } = done;
  const place = { ...placeOf(decision, feed, ports), dryRun };
  const { format = null, look = null } = read;
  const unapproved = effects.held[WIDE] ?? 0;
  return answer(statusOf(decision), {
    ...{ ...read, format, look, ...place, unapproved, ...effects, rings },
    ...{ dangers, glass, flows },
  });
}

type ImportCall = Pick<
  Call<Caller, typeof ImportOrder, undefined>,
  "caller" | "query" | "context"
>;

/** @throws ApiProblem with what the list looks like, and its first bad lines */
function mustBeTaken(judgement: Judgement, report: ListReport): void {
  if (judgement.take !== "nothing") return;
  const message = judgement.why;
  const field = { field: "body", value: undefined, message };
  throw new ApiProblem(400, "invalid", [field], { report });
}

const nameIsNeeded = (): ApiProblem =>
  problem(400, "invalid", {
    field: "list",
    value: undefined,
    message: "list: a name is needed to know what is replaced",
  });
