import { Readable } from "node:stream";
import * as v from "valibot";
import { hashFromHex } from "../../../agent/model/position.js";
import { limits } from "../../../agent/protocol/limits.js";
import { Count, Epoch, Sha256 } from "../../../agent/protocol/shapes.js";
import type { BundleOrder as Order } from "../../carry/bundles.js";
import type { Caller } from "../../operators/caller.js";
import { CloudFeed, Named } from "../fields.js";
import type { OperatorApiPorts } from "../ports.js";
import { problem } from "../problem.js";
import { mustBeOwnOrg, ownAgent, sees } from "../scope.js";
import { answer, route, type Route } from "../table/route.js";
import { carriedReceiptRoutes } from "./carried-receipts.js";

const BundleOrder = v.strictObject({
  /** Whose hosts it is for; absent: of the only org that there is. */
  org: v.optional(Named),
  /** From where this one stands by its receipts: its id, or its host's name. */
  agent: v.optional(Named),
  /** From here on; of other feeds, and without it, whole states. */
  since: v.optional(
    v.pipe(
      v.array(
        v.strictObject({
          ...{ feed: CloudFeed, epoch: Epoch, offset: Count, hash: Sha256 },
        }),
      ),
      v.maxLength(limits.feeds),
    ),
  ),
});

type Asked = v.InferOutput<typeof BundleOrder>;

/** What is carried to hosts without a network by hand, and back from them. */
export const carryTable = (ports: OperatorApiPorts): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/bundles", operationId: "makeBundle" },
    ...{ tag: "Hosts", summary: "What hosts of an org need, in one file" },
    description: "For `tourniquet apply`; PROTOCOL.md says what is in it.",
    ...{ allows: "analyst", scope: "own" },
    ...{ body: BundleOrder, bodyOptional: true },
    answers: {
      200: { description: "The bundle", media: "application/octet-stream" },
    },
    problems: [404, 409, 507],
    handle: async ({ caller, body, context }) => {
      const order = orderOf(caller, body, ports);
      const made = await ports.bundles.begin(order);
      const { org, agent } = order;
      ports.log.info("a bundle is made", { org, agent, by: caller.name });
      const { outgoing } = context.env;
      const over = () => void made[Symbol.asyncDispose]();
      if (outgoing.closed || outgoing.destroyed) over();
      else outgoing.once("close", over);
      // Streamed: of a snapshot never more than a piece is in memory.
      const bytes = Readable.toWeb(Readable.from(made.chunks));
      return answer(200, bytes as ReadableStream<Uint8Array>);
    },
  }),
  ...carriedReceiptRoutes(ports),
];

/** @throws ApiProblem that says whom it could be for */
function orderOf(caller: Caller, asked: Asked, ports: OperatorApiPorts): Order {
  const since = asked.since?.map(({ hash, ...at }) => ({
    ...{ ...at, hash: hashFromHex(hash) },
  }));
  if (asked.agent === undefined) {
    return { org: orgOf(caller, asked, ports), since };
  }
  const { id, org, hostname, revokedAt } = ownAgent(caller, asked.agent, ports);
  if (asked.org !== undefined && asked.org !== org) {
    mustBeOwnOrg(caller, asked.org, ports);
    throw wrong("org", asked.org, `${id} (${hostname}) is of ${org}`);
  }
  if (revokedAt !== null) {
    throw wrong("agent", asked.agent, `${id} (${hostname}) was revoked`);
  }
  return { org, agent: id, since };
}

function orgOf(
  caller: Caller,
  { org }: Asked,
  { registry }: OperatorApiPorts,
): string {
  if (org !== undefined) {
    mustBeOwnOrg(caller, org, { registry });
    return org;
  }
  const known = registry.orgs().filter(({ id }) => sees(caller, id));
  const [only, ...others] = known;
  if (only !== undefined && others.length === 0) return only.id;
  const message = `there are ${known.length} orgs: name one, or an agent`;
  throw problem(400, "invalid", { field: "org", value: undefined, message });
}

const wrong = (field: string, value: string, message: string) =>
  problem(409, "conflict", { field, value, message });
