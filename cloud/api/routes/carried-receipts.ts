import * as v from "valibot";
import { limits } from "../../../agent/protocol/limits.js";
import { Id, base64url, shortText } from "../../../agent/protocol/shapes.js";
import { modes } from "../../../agent/model/mode.js";
import { takeReceipts } from "../../carry/carried-receipts.js";
import type { OperatorApiPorts } from "../ports.js";
import { sees } from "../scope.js";
import { Time } from "../table/answer.js";
import { answer, route, type Route } from "../table/route.js";

/** What `tourniquet receipts` wrote: signed one by one. */
const CarriedBody = v.strictObject({
  type: v.literal("carried-receipts"),
  agent: Id,
  org: Id,
  cloud: shortText(128),
  madeAt: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  receipts: v.pipe(
    v.array(
      v.strictObject({
        signed: v.pipe(v.string(), v.maxBytes(limits.textBytes)),
        signature: base64url(64),
      }),
    ),
    v.maxLength(limits.carriedReceipts),
  ),
});

/** What the host says, which its signature proves. */
const Receipt = v.object({
  position: v.object({
    feed: v.string(),
    epoch: v.string(),
    offset: v.number(),
    hash: v.string(),
  }),
  revision: v.number(),
  backend: v.picklist(["nftables", "dry-run"]),
  mode: v.picklist(modes),
  banned: v.number(),
  observed: v.number(),
  lifted: v.number(),
  expired: v.number(),
  heldTotal: v.number(),
  held: v.array(v.object({ range: v.string(), rule: v.string() })),
  /** In force until then, unless the host is seen to live on with it. */
  trial: v.optional(v.object({ bans: v.number(), until: Time })),
  receivedAt: Time,
  recordedMs: v.number(),
  enforcedMs: v.number(),
});

const Proven = v.object({
  /** `known`: one that says as much is there; `not-ours`: of another history. */
  fate: v.picklist([
    ...(["kept", "known", "diverges"] as const),
    ...(["not-ours", "too-large", "over-budget"] as const),
  ]),
  agent: v.string(),
  hostname: v.string(),
  receipt: Receipt,
});

const NotTaken = v.object({
  fate: v.literal("refused"),
  /** Who the file says that it is of. */
  agent: v.string(),
  feed: v.optional(v.string()),
  why: v.string(),
});

export const Taken = v.object({
  agent: v.string(),
  receipts: v.array(v.variant("fate", [Proven, NotTaken])),
});

/** Receipts that were carried back by hand. */
export const carriedReceiptRoutes = (
  ports: OperatorApiPorts,
): readonly Route[] => [
  route({
    ...{ method: "POST", path: "/carried-receipts" },
    ...{ operationId: "takeCarriedReceipts", tag: "Hosts" },
    summary: "Takes in receipts that were carried back from a host",
    ...{ allows: "analyst", scope: "own", changes: true },
    body: CarriedBody,
    answers: { 200: { description: "What became of each", schema: Taken } },
    handle: async ({ caller, body: carried }) => {
      const { answers, cloudName, registry, calls, decisions } = ports;
      const agent = (id: string) => {
        const known = registry.agent(id);
        return known && sees(caller, known.org) ? known : undefined;
      };
      const own = { answers, cloudName, registry: { agent } };
      const receipts = takeReceipts(carried, own);
      const fates = receipts.map(({ fate }) => fate);
      const isNew = fates.some((fate) => NEWS.has(fate));
      if (isNew) await calls.alone(decisions);
      const told = { agent: carried.agent, fates, by: caller.name };
      ports.log.info("receipts were carried here", told);
      return answer(200, { agent: carried.agent, receipts });
    },
  }),
];

/** What is kept with the observations: its call stands in the log alone. */
const NEWS: ReadonlySet<string> = new Set(["kept", "diverges"]);
