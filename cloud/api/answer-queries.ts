import { agentCalled } from "./agent-names.js";
import type { OperatorApiPorts } from "./ports.js";
import { checked, unknown } from "./problem.js";
import { AnswersQuery, ReceiptsQuery } from "./shapes.js";

/** Which answers an operator asks for; hosts may go by their names. */
export function answersQuery(
  input: Record<string, string>,
  ports: Pick<OperatorApiPorts, "registry">,
) {
  const query = checked(AnswersQuery, input);
  const agent = query.agent && agentCalled(query.agent, ports).id;
  return { ...ANY, ...query, agent };
}

/** Which receipts an operator asks for; a decision's own stand within its place. */
export function receiptsQuery(
  input: Record<string, string>,
  ports: Pick<OperatorApiPorts, "registry" | "decisionLog">,
) {
  const { decision: id, ...query } = checked(ReceiptsQuery, input);
  const agent = query.agent && agentCalled(query.agent, ports).id;
  const asked = { ...ANY, ...query, agent, through: undefined };
  if (id === undefined) return asked;
  const decision = ports.decisionLog.decision(id);
  if (decision === undefined) {
    throw unknown("decision", id, `there is no decision ${id}`);
  }
  const { feed, epoch, first, last } = decision;
  return {
    ...{ ...asked, feed, epoch: epoch ?? "" },
    ...{ offset: first ?? 0, through: last ?? 0 },
  };
}

const ANY = {
  agent: undefined,
  feed: undefined,
  epoch: undefined,
  offset: undefined,
};
