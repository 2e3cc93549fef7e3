import * as v from "valibot";
import { Reason, YesOrNo, limitOf } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { unknown } from "../problem.js";
import { Cursor, Time, Whole, cursorOf, pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { Danger } from "./two-persons.js";

/** An order that takes two persons, and that one had carried out at once. */
export const BrokenGlass = v.object({
  glass: v.string(),
  brokenAt: Time,
  by: v.string(),
  why: v.string(),
  action: v.picklist(["ban", "lift", "import"]),
  feeds: v.array(v.string()),
  ranges: Whole,
  /** The first few of them; none of an import. */
  targets: v.array(v.string()),
  dangers: v.array(Danger),
  decision: v.string(),
  /** Until when its bans last; null of lifts. */
  expiresAt: v.nullable(Time),
  /** What somebody found who looked at it later; null while nobody has. */
  verdict: v.nullable(v.picklist(["justified", "not-justified"])),
  reviewedAt: v.nullable(Time),
  reviewedBy: v.nullable(v.string()),
  reviewedWhy: v.nullable(v.string()),
  /** Who broke it reviewed it: there was nobody else. */
  bySelf: v.nullable(v.boolean()),
});

const GlassQuery = v.strictObject({
  limit: limitOf(100),
  /** Those that were reviewed as well. */
  all: v.optional(YesOrNo, "false"),
  cursor: v.optional(Cursor(v.pipe(v.number(), v.safeInteger()))),
});

const ReviewOrder = v.strictObject({
  verdict: v.picklist(["justified", "not-justified"]),
  reason: v.pipe(Reason, v.minLength(1, "is needed")),
});

/** What one person did alone, and what another found of it. */
export const breakGlassRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/break-glass", operationId: "listBrokenGlass" },
    ...{ tag: "Proposals", summary: "What one person did that takes two" },
    ...{ allows: "viewer", scope: "vendor" },
    query: GlassQuery,
    answers: {
      200: { description: "Newest first", schema: pageOf(BrokenGlass) },
    },
    handle: ({ query: { limit, all, cursor: before } }) => {
      const items = ports.breakGlass.list({ limit, all, before });
      const last = items.length === limit ? items.at(-1) : undefined;
      const next = last === undefined ? null : cursorOf(last.seq);
      return answer(200, { items, next });
    },
  }),
  route({
    ...{ method: "POST", path: "/break-glass/{glass}/review" },
    ...{ operationId: "reviewBrokenGlass", tag: "Proposals" },
    summary: "Says whether it was justified",
    description:
      "By somebody else than who broke it; by the same only where nobody else could sign in who may, and the record says so.",
    ...{ allows: "approver", scope: "vendor", changes: true },
    body: ReviewOrder,
    answers: { 200: { description: "It is reviewed", schema: BrokenGlass } },
    problems: [404, 409],
    handle: async ({ caller, params: { glass: id = "" }, body }) => {
      const { breakGlass } = ports;
      const broken = breakGlass.glass(id);
      if (broken === undefined) {
        throw unknown("glass", id, `there is no broken glass ${id}`);
      }
      const { operator } = broken;
      const one = { id, operator };
      return answer(200, await breakGlass.review(one, caller, body));
    },
  }),
];
