import * as v from "valibot";
import type { OperatorApiPorts } from "../ports.js";
import { unknown } from "../problem.js";
import { Seconds, Time } from "../table/answer.js";
import { answer, openRoute, type Route } from "../table/route.js";
import { Complaint } from "./contest-shapes.js";

const Heard = v.object({
  /** By which the answer is read; it is shown this once. */
  token: v.string(),
  answerBy: Time,
});

const Told = v.object({
  address: v.string(),
  state: v.picklist(["open", "released", "shortened", "refused"]),
  openedAt: Time,
  answerBy: Time,
  answeredAt: v.nullable(Time),
  answer: v.nullable(v.string()),
  /** Of what was shortened: until when it is banned. */
  until: v.nullable(Seconds),
});

const StrangersComplaint = v.strictObject({
  ...Complaint.entries,
  /** Of an operator, for who cannot come from the address itself. */
  code: v.optional(v.pipe(v.string(), v.regex(/^[\w-]{43}$/, "is no code"))),
});

/** For strangers, at the public door: what `contest.intake` turns on. */
export const contestIntakeRoutes = (
  ports: Pick<OperatorApiPorts, "intake" | "contests">,
): readonly Route[] => [
  openRoute({
    ...{ method: "POST", path: "/contests", operationId: "contestBan" },
    ...{ tag: "Contests", summary: "Contests the bans on one's own address" },
    description:
      "For anybody, where the cloud's settings say so. It has to come from the address itself, or carry a code that an operator gave out. Nothing of whose reports it was banned by is told.",
    ...{ body: StrangersComplaint, mostBodyBytes: MOST_BODY_BYTES },
    isSecret: true,
    answers: {
      201: { description: "It waits for an answer", schema: Heard },
    },
    problems: [403, 404, 409, 503],
    handle: async ({ body, from }) => {
      const { address: host, why, contact, code } = body;
      const heard = { host, why, contact, code };
      const { token, answerBy } = await ports.intake.hear(heard, from);
      return answer(201, { token, answerBy });
    },
  }),
  openRoute({
    ...{ method: "GET", path: "/contests/answers/{token}" },
    ...{ operationId: "readContestAnswer", tag: "Contests" },
    summary: "What was said to one's own contest",
    answers: { 200: { description: "As it stands", schema: Told } },
    problems: [404],
    handle: ({ params: { token = "" }, from }) => {
      const contest = ports.intake.answerFor(token, from);
      if (contest === undefined) {
        throw unknown("token", "", "there is no contest with this token");
      }
      const { address, openedAt, answerBy, answeredAt, answered } = contest;
      const state = answered?.verdict ?? "open";
      return answer(200, {
        ...{ address, state, openedAt, answerBy, answeredAt },
        ...{ answer: answered?.answer ?? null, until: answered?.until ?? null },
      });
    },
  }),
];

/** Twice what its fields have room for. */
const MOST_BODY_BYTES = 4 * 1024;
