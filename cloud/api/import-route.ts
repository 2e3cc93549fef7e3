import type { Context } from "hono";
import type { ImportManner } from "../decide/import-orders.js";
import { judge, type Judgement } from "../lists/judge.js";
import { ListReader, readList, type ListReport } from "../lists/list.js";
import { judgeReplacement } from "../lists/replacement.js";
import {
  WIDE,
  knownFeed,
  placeOf,
  statusOf,
  termsOf,
} from "./decision-routes.js";
import type { OperatorApiPorts } from "./ports.js";
import { ApiProblem, checked, problem } from "./problem.js";
import { bounded, type OperatorEnv } from "./requests.js";
import { ImportOrder } from "./shapes.js";

/**
 * The body streams through: a list of a million lines is never held as text.
 * Nothing is published before all of it was read and judged.
 */
export async function importList(
  c: Context<OperatorEnv>,
  ports: OperatorApiPorts,
): Promise<Response> {
  const order = checked(ImportOrder, c.req.query());
  const feed = knownFeed(order.feed, ports);
  const { list, replace, dryRun, force } = order;
  if (replace && list === undefined) throw nameIsNeeded();
  const reader = new ListReader(order);
  const body = c.env.incoming as AsyncIterable<Uint8Array>;
  await readList(bounded(body, MOST_LIST_BYTES), reader);
  const report = reader.report();
  mustBeTaken(judge(report, order), report);
  const manner: ImportManner = {
    ...{ list, replace, dryRun },
    judge: (replacement) => {
      mustBeTaken(judgeReplacement(report, replacement, force), report);
    },
  };
  const mandate = { feed, by: c.get("operator") };
  const { ranges } = reader;
  const terms = termsOf(order);
  const imported = await ports.imports.import(mandate, ranges, terms, manner);
  const { decision, ...came } = imported;
  const placed = placeOf(decision, feed, ports);
  const unapproved = came.held[WIDE] ?? 0;
  return c.json(
    { ...report, ...placed, unapproved, dryRun, ...came },
    statusOf(decision),
  );
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

const nameIsNeeded = (): ApiProblem =>
  problem(400, "invalid", {
    field: "list",
    value: undefined,
    message: "list: a name is needed to know what is replaced",
  });
