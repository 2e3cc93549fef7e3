import * as v from "valibot";
import type { OperatorApiPorts } from "../ports.js";
import { answer, route, type Route } from "../table/route.js";
import { SignedBody } from "./approvals.js";

export const RootPublished = v.object({ version: v.number() });

type Ports = Pick<
  OperatorApiPorts,
  "signing" | "registry" | "clock" | "log" | "calls" | "decisions"
>;

/** Whoever brings the next root need not be trusted: its signatures are. */
export const rootRoutes = ({
  signing,
  registry,
  clock,
  log,
  calls,
  decisions,
}: Ports): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/roots", operationId: "publishRoot" },
    ...{ tag: "Cloud", summary: "Puts the next root into force" },
    ...{ allows: "admin", scope: "vendor", changes: true, stepUp: true },
    body: SignedBody,
    answers: { 201: { description: "It is in force", schema: RootPublished } },
    handle: async ({ caller: { name: by }, body }) => {
      const readers = () => registry.readersOfV1Only();
      const { version } = signing.publish(body, clock.now(), readers);
      log.info("a new root is in force", { version, by });
      // It lies beside the log, which tells of it a while later.
      await calls.alone(decisions);
      return answer(201, { version });
    },
  }),
];
