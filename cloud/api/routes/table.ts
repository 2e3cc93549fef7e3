import type { OperatorApiPorts } from "../ports.js";
import type { Route } from "../table/route.js";
import { auditRoutes } from "./audit.js";
import { credentialRoutes } from "./credentials.js";
import { operatorRoutes } from "./operators.js";
import { enrolmentTokenRoutes } from "./enrolment-tokens.js";
import { breakGlassRoutes } from "./break-glass.js";
import { answerRoutes } from "./answers.js";
import { attackerRoutes } from "./attackers.js";
import { attackRoutes } from "./attacks.js";
import { banRoutes } from "./bans.js";
import { contestIntakeRoutes } from "./contest-intake.js";
import { contestRoutes } from "./contests.js";
import { decisionRoutes } from "./decisions.js";
import { documentRoutes } from "./document.js";
import { fleetRoutes } from "./fleet.js";
import { feedRoutes } from "./feeds.js";
import { policyRoutes } from "./policies.js";
import { proposalRoutes } from "./proposals.js";
import { ruleRoutes } from "./rules.js";
import { statementRoutes } from "./statements.js";
import { impactRoutes } from "./impact.js";
import { importRoutes } from "./imports.js";
import { whyRoutes } from "./why.js";
import { liftRoutes } from "./lifts.js";
import { liveRoutes } from "./live.js";
import { agentTable } from "./agents.js";
import { cloneRoutes } from "./clones.js";
import { telemetryTable } from "./telemetry.js";
import { approvalRoutes } from "./approvals.js";
import { coverageRoutes } from "./coverage.js";
import { carryTable } from "./carry.js";
import { rootRoutes } from "./roots.js";
import { statusRoutes } from "./status.js";
import { reportRoutes } from "./report.js";
import { orgRoutes } from "./orgs.js";
import { passwordRoutes } from "./passwords.js";
import { sessionRoutes } from "./session.js";
import { undoRoutes } from "./undo.js";
import { weightRoutes } from "./weights.js";

/** Every operation of `/api/v1`. While it is put together, no port is used. */
export function routeTable(ports: OperatorApiPorts): readonly Route[] {
  const document = documentRoutes(() => table);
  const table = [...operations(ports), ...document];
  return table;
}

const operations = (ports: OperatorApiPorts): readonly Route[] => [
  ...banRoutes(ports),
  ...breakGlassRoutes(ports),
  ...liftRoutes(ports),
  ...importRoutes(ports),
  ...impactRoutes(ports),
  ...decisionRoutes(ports),
  ...coverageRoutes(ports),
  ...whyRoutes(ports),
  ...undoRoutes(ports),
  ...feedRoutes(ports),
  ...policyRoutes(ports),
  ...proposalRoutes(ports),
  ...ruleRoutes(ports),
  ...contestIntakeRoutes(ports),
  ...contestRoutes(ports),
  ...answerRoutes(ports),
  ...statementRoutes(ports),
  ...orgRoutes(ports),
  ...reportRoutes(ports),
  ...weightRoutes(ports),
  ...operatorRoutes(ports),
  ...credentialRoutes(ports),
  ...enrolmentTokenRoutes(ports),
  ...auditRoutes(ports),
  ...sessionRoutes(ports),
  ...passwordRoutes(ports),
  ...liveRoutes(),
  ...agentTable(ports),
  ...fleetRoutes(ports),
  ...cloneRoutes(ports),
  ...telemetryTable(ports),
  ...attackerRoutes(ports),
  ...attackRoutes(ports),
  ...carryTable(ports),
  ...statusRoutes(ports),
  ...approvalRoutes(ports),
  ...rootRoutes(ports),
];
