import * as v from "valibot";
import { Named, Term } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { mustBeOwnOrg } from "../scope.js";
import { Time } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

/** A token by which one host comes in. */
export const EnrolmentToken = v.object({
  /** Shown this once. */
  token: v.string(),
  org: v.string(),
  expiresAt: Time,
});

const EnrolmentTokenOrder = v.strictObject({
  org: Named,
  expiresIn: v.optional(Term, "24h"),
});

/** What hosts come in by. */
export const enrolmentTokenRoutes = ({
  registry,
  enrolment,
  clock,
  publicUrl,
}: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/enrolment-tokens" },
    operationId: "makeEnrolmentToken",
    ...{ tag: "Orgs", summary: "Makes a token by which one host comes in" },
    ...{ allows: "admin", scope: "own", changes: true, shownOnce: true },
    body: EnrolmentTokenOrder,
    answers: {
      201: { description: "The token, this once", schema: EnrolmentToken },
    },
    problems: [404],
    handle: async ({ caller, body: { org, expiresIn } }) => {
      mustBeOwnOrg(caller, org, { registry });
      if (expiresIn === undefined) throw forEver();
      const expiresAt = clock.now() + expiresIn * 1000;
      const url = publicUrl();
      const by = caller.name;
      const token = await enrolment.makeToken({ org, expiresAt, by, url });
      return answer(201, { token, org, expiresAt });
    },
  }),
];

const forEver = () =>
  problem(400, "invalid", {
    field: "expiresIn",
    value: "permanent",
    message: "expiresIn: an enrolment token has to expire",
  });
