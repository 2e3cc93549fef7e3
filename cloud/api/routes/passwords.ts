import type { Caller } from "../../operators/caller.js";
import type { Operator } from "../../operators/operator.js";
import { includes } from "../../operators/roles.js";
import { MOST_BODY_BYTES } from "../../sign-in/budgets.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
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
      "Of oneself with the old one, where there is one. Of others, an admin after a step-up: an org's admin of the own org alone.",
    ...{ allows: "partner", scope: "own", changes: true, isSecret: true },
    ...{ mostBodyBytes: MOST_BODY_BYTES, body: NewPassword },
    answers: { 201: { description: "It counts from now on", schema: Added } },
    handle: async ({ caller, params, body }) => {
      const operator = governed(caller, params["operator"] ?? "", ports);
      mustBeAllowed(caller, operator, body, ports);
      const credential = await ports.signIn.setPassword(operator, body, caller);
      return answer(201, { credential });
    },
  }),
];

/** @throws ApiProblem, or StaffRefused for whoever is another org's */
function governed(caller: Caller, named: string, { staff }: Ports): Operator {
  const operator = staff.visible(named, caller);
  const isSelf = operator.id === caller.operator;
  if (isSelf || includes(caller.role, "admin")) return operator;
  throw problem(403, "not-allowed", {
    ...{ field: "role", value: undefined },
    message: `this is for admins, and ${caller.name} is ${caller.role}`,
  });
}

function mustBeAllowed(
  { operator: self, steppedUpUntil, from }: Caller,
  { id, disabledAt }: Operator,
  { old }: { readonly old?: string | undefined },
  { signIn, clock }: Ports,
): void {
  if (disabledAt !== null) {
    throw problem(409, "disabled", {
      ...{ field: "operator", value: id },
      message: "who is disabled needs no password: enable them first",
    });
  }
  const knowsOld = id === self && from !== "socket" && signIn.hasPassword(id);
  if (knowsOld) {
    if (old !== undefined) return;
    throw problem(400, "invalid", {
      ...{ field: "old", value: undefined },
      message: "old: your password until now is needed",
    });
  }
  if ((steppedUpUntil ?? 0) > clock.now()) return;
  throw problem(403, "step-up-needed", {
    ...{ field: "", value: undefined },
    message:
      "show first who you are: step up, then ask again within ten minutes",
  });
}
