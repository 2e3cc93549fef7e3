import * as v from "valibot";
import { Reason } from "../fields.js";
import { isoTime } from "../../../agent/text/time.js";
import type { Credential } from "../../operators/operator.js";
import type { OperatorApiPorts } from "../ports.js";
import { pageOf } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";
import { CredentialOut, Label, Lifetime, RoleName } from "./operator-shapes.js";

const TokenOrder = v.strictObject({
  label: v.optional(Label, ""),
  expiresIn: v.optional(Lifetime, "90d"),
  /** Less than its operator may; absent: as much as who asks for it. */
  role: v.optional(RoleName),
});

const RevokeQuery = v.strictObject({ reason: v.optional(Reason, "") });

export const TokenOut = v.object({
  ...CredentialOut.entries,
  token: v.string(),
});

/** What operators prove themselves with. */
export const credentialRoutes = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "GET", path: "/operators/{operator}/credentials" },
    ...{ operationId: "listCredentials", tag: "People" },
    summary: "What an operator proves themselves with",
    description: "Those that count, and the newest of those that did.",
    ...{ allows: "viewer", scope: "own" },
    answers: { 200: { description: "All", schema: pageOf(CredentialOut) } },
    handle: ({ caller, params: { operator = "" } }) => {
      const { id } = ports.staff.visible(operator, caller);
      return answer(200, {
        items: ports.operators.credentials(id),
        next: null,
      });
    },
  }),
  route({
    ...{ method: "POST", path: "/operators/{operator}/tokens" },
    ...{ operationId: "makeToken", tag: "People" },
    summary: "Makes a token, which is shown once",
    description: "Everybody makes them for themselves; admins for others, too.",
    ...{ allows: "viewer", scope: "own", changes: true, stepUp: true },
    shownOnce: true,
    ...{ body: TokenOrder, bodyOptional: true },
    answers: { 201: { description: "The token", schema: TokenOut } },
    handle: async ({ caller, params: { operator = "" }, body }) => {
      const { label, role } = body;
      const expiresAt = ports.clock.now() + body.expiresIn * 1000;
      const terms = { label, role, expiresAt };
      const made = await ports.staff.makeToken(operator, terms, caller);
      return answer(201, { ...made.credential, token: made.secret });
    },
  }),
  route({
    ...{ method: "DELETE", path: "/credentials/{credential}" },
    ...{ operationId: "revokeCredential", tag: "People" },
    summary: "Revokes a token, a passkey or a password, at once",
    ...{ allows: "viewer", scope: "own", changes: true, stepUp: true },
    query: RevokeQuery,
    answers: { 200: { description: "It was this", schema: CredentialOut } },
    handle: async ({ caller, params, query: { reason }, before }) => {
      const { credential = "" } = params;
      before(standingOf(ports.operators.credential(credential)));
      return answer(200, await ports.staff.revoke(credential, reason, caller));
    },
  }),
];

/** What it was, for the record. */
function standingOf(credential: Credential | undefined) {
  if (credential === undefined) return null;
  const { operator, of, label, role, expiresAt } = credential;
  return {
    ...{ operator, of, label, role },
    expiresAt: expiresAt === null ? null : isoTime(expiresAt),
  };
}
