import type { OperatorApiPorts } from "../ports.js";
import type { Route } from "../table/route.js";
import { credentialRoutes } from "./credentials.js";
import { operatorRoutes } from "./operators.js";
import { enrolmentTokenRoutes } from "./enrolment-tokens.js";
import { orgRoutes } from "./orgs.js";

/** Every operation of `/api/v1`. While it is put together, no port is used. */
export const routeTable = (ports: OperatorApiPorts): readonly Route[] => [
  ...orgRoutes(ports),
  ...operatorRoutes(ports),
  ...credentialRoutes(ports),
  ...enrolmentTokenRoutes(ports),
];
