import type { Context } from "hono";
import * as v from "valibot";
import { BrowseBusy } from "../../feeds/catalogue/browse-gate.js";
import type { Browse } from "../../feeds/catalogue/browsing.js";
import type { Caller } from "../../operators/caller.js";
import { BANS } from "../../query/lists/bans.js";
import { rowFormats, rowWriters, type RowWriter } from "../asked/ban-rows.js";
import { bansAsked, sortNames, windowOf, type Window } from "../asked/bans.js";
import { Outflow } from "../asked/outflow.js";
import { CloudFeed, Range, YesOrNo } from "../fields.js";
import { callerBy } from "../known-caller.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { QueryOf } from "../query-field.js";
import type { Env } from "../table/env.js";
import { unauthenticated } from "../table/mount.js";
import { answer, route, type Call, type Route } from "../table/route.js";
import { feedsOf } from "./ban-list.js";

const ExportQuery = v.strictObject({
  format: v.picklist(rowFormats),
  feed: v.optional(CloudFeed),
  range: v.optional(Range),
  q: v.optional(QueryOf(BANS)),
  sort: v.optional(v.picklist(sortNames)),
  /** From the other end. */
  desc: v.optional(YesOrNo),
});

type ExportCall = Call<Caller, typeof ExportQuery, undefined>;

/** Bans, carried away. */
export const banExportRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/bans/export", operationId: "exportBans" },
    ...{ tag: "Bans", summary: "What is banned, in one file" },
    description: ASKED,
    ...{ allows: "partner", scope: "own" },
    query: ExportQuery,
    answers: {
      200: {
        description: "A line a ban, and of CSV a first one with the names",
        media: Object.values(rowWriters).map(({ media }) => media),
      },
    },
    problems: [404, 409],
    handle: async (call) => {
      const { media } = rowWriters[call.query.format];
      return answer(200, await exported(call, ports), {
        "content-type": `${media}; charset=utf-8`,
        "content-disposition": `attachment; filename="bans.${call.query.format}"`,
      });
    },
  }),
];

const MOST_ROWS = 2_000_000;
const BOUNDS = { mostMs: 600_000, stallMs: 60_000 };

/** Some 200 kB, made and written within some milliseconds. */
const PIECE = 1_000;

const ASKED =
  "As listBans finds and sorts it; of JSONL each line is an item of its page. At most 2,000,000 rows, within ten minutes, one at a time of an org or credential: what can't be told to its end ends with a broken connection. Bans that change meanwhile are as they were, or as they have become. A text that a spreadsheet would take for a formula begins with an apostrophe in CSV.";

/** The first window is there before anything is answered: problems are told. */
async function exported(call: ExportCall, ports: OperatorApiPorts) {
  const { caller, query, context } = call;
  const feeds = feedsOf(caller, query.feed, ports);
  const asked = { ...bansAsked(query, feeds), limit: PIECE };
  const place = ports.exportPlaces.take(caller);
  const over = () => place[Symbol.dispose]();
  const outflow = new Outflow(context.env.outgoing, ports.clock, over);
  const look = lookOf(call, ports, outflow.gone);
  const first = await look(asked);
  if (first.total > MOST_ROWS) throw tooMany(first.total);
  const by = caller.name;
  ports.log.info("bans are exported", { by, format: query.format });
  const windows = windowsFrom(first, asked, look);
  const pieces = piecesOf(windows, rowWriters[query.format]);
  return outflow.body(pieces, BOUNDS, (error) => {
    ports.log.warn("an export of bans was cut", { by, error });
  });
}

type Asked = Omit<Browse, "now">;
type Look = (asked: Asked) => Promise<Window>;

/** Looks as who lists bans does, as long as the caller is who they were. */
function lookOf(
  { caller, from, context }: ExportCall,
  ports: OperatorApiPorts,
  gone: AbortSignal,
): Look {
  return async (asked) => {
    for (;;) {
      if (!isStill(caller, from, context, ports)) throw unauthenticated();
      try {
        return await ports.browseGate.run(caller, gone, () =>
          windowOf(asked, ports, gone),
        );
      } catch (error) {
        // What is half told already waits for as long as it takes.
        if (!(error instanceof BrowseBusy) || !("from" in asked.start)) {
          throw error;
        }
        await ports.clock.sleep(AGAIN_MS, gone);
      }
    }
  };
}

const AGAIN_MS = 250;

async function* windowsFrom(
  first: Window,
  asked: Asked,
  look: Look,
): AsyncGenerator<Window> {
  let rows = 0;
  for (let window = first; ;) {
    yield window;
    rows += window.bans.length;
    const { next } = window;
    if (next === undefined) return;
    if (rows >= MOST_ROWS) throw tooMany(rows);
    window = await look({ ...asked, start: { from: next } });
  }
}

async function* piecesOf(
  windows: AsyncIterable<Window>,
  { head, row }: RowWriter,
): AsyncGenerator<Uint8Array> {
  if (head !== "") yield Buffer.from(head);
  for await (const { bans } of windows) {
    if (bans.length > 0) yield Buffer.from(bans.map(row).join(""));
  }
}

/** Whether the request would be let in as it was. */
function isStill(
  { credential, role, org }: Caller,
  from: string,
  { req }: Context<Env>,
  ports: OperatorApiPorts,
): boolean {
  const authorization = req.header("authorization");
  const shown = { authorization, cookie: req.header("cookie") };
  const now = callerBy({ ...shown, isUnattended: true }, from, ports);
  return now?.credential === credential && now.role === role && now.org === org;
}

const tooMany = (rows: number) =>
  problem(409, "too-many-rows", {
    ...{ field: "", value: rows },
    message: `there are ${rows} rows, and ${MOST_ROWS} are exported at most: ask for less by q, feed or range`,
  });
