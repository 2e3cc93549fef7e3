import { SOCKET, type Caller } from "../../operators/caller.js";
import type { Operator } from "../../operators/operator.js";
import { MOST_BODY_BYTES } from "../../sign-in/budgets.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { stepUpNeeded } from "../table/mount.js";
import { answer, route, type Route } from "../table/route.js";
import { Added, NewPassword } from "./session-shapes.js";

type Ports = Pick<OperatorApiPorts, "signIn" | "staff" | "clock">;

/** Passwords of local accounts. */
export const passwordRoutes = (ports: Ports): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/operators/{operator}/password" },
    ...{ operationId: "setPassword", tag: "People" },
    summary: "Sets an operator's password; all their other sessions end",
    description:
      "Of oneself with the old one, where there is one, and by no token that may do less than oneself. Of others, an admin after a step-up: an org's admin of the own org alone.",
    ...{ allows: "partner", scope: "own", changes: true, isSecret: true },
    ...{ mostBodyBytes: MOST_BODY_BYTES, body: NewPassword },
    answers: { 201: { description: "It counts from now on", schema: Added } },
    handle: async ({ caller, params, body }) => {
      const { operator: named = "" } = params;
      const operator = ports.staff.receiver(named, caller, "password");
      mustBeAllowed(caller, operator, body, ports);
      const credential = await ports.signIn.setPassword(operator, body, caller);
      return answer(201, { credential });
    },
  }),
];

function mustBeAllowed(
  { operator: self, steppedUpUntil, from }: Caller,
  { id }: Operator,
  { old }: { readonly old?: string | undefined },
  { signIn, clock }: Ports,
): void {
  const knowsOld = id === self && from !== SOCKET && signIn.hasPassword(id);
  if (knowsOld) {
    if (old !== undefined) return;
    throw problem(400, "invalid", {
      ...{ field: "old", value: undefined },
      message: "old: your password until now is needed",
    });
  }
  if ((steppedUpUntil ?? 0) > clock.now()) return;
  throw stepUpNeeded();
}
