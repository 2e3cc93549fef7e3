import type { FeedName } from "../../agent/model/position.js";
import type { CarriedReceipts } from "../../agent/protocol/carried.js";
import type { Receipt } from "../../agent/protocol/documents.js";
import { ReceiptV2 } from "../../agent/protocol/documents-v2.js";
import { Malformed } from "../../agent/protocol/malformed.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import { publicKey } from "../../agent/trust/keys.js";
import { isFor } from "../feeds/audience.js";
import type { ReceiptFate, ReceiptIntake } from "../receipts/receipt-intake.js";
import type { Agent, Registry } from "../registry/registry.js";

export interface CarriedReceiptPorts {
  readonly cloudName: string;
  readonly registry: Pick<Registry, "agent">;
  readonly answers: Pick<ReceiptIntake, "receipt">;
}

/** What became of one receipt that was carried here. */
export type TakenReceipt = Proven | NotTaken;

export interface Proven {
  readonly fate: ReceiptFate;
  readonly agent: string;
  readonly hostname: string;
  readonly receipt: Receipt;
}

/** What proves nothing, with the reason. */
export interface NotTaken {
  readonly fate: "refused";
  /** Who the file says that it is of. */
  readonly agent: string;
  readonly feed: FeedName | undefined;
  readonly why: string;
}

/**
 * Takes in what hosts without a network have signed. Each receipt is held to the
 * device's key as one that came over a session is, and kept by the same rules.
 */
export function takeReceipts(
  carried: CarriedReceipts,
  ports: CarriedReceiptPorts,
): readonly TakenReceipt[] {
  const { agent: id, cloud, receipts } = carried;
  const agent = ports.registry.agent(id);
  const why = whyNot(id, agent) ?? whyOther(cloud, ports.cloudName);
  return receipts.map((evidence): TakenReceipt => {
    if (agent === undefined || why !== undefined) {
      const reason = why ?? `nobody is ${id}`;
      return { fate: "refused", agent: id, feed: undefined, why: reason };
    }
    return takeOne(agent, evidence, ports);
  });
}

function whyNot(id: string, agent: Agent | undefined): string | undefined {
  if (agent === undefined) return `nobody is ${id}`;
  const { revokedAt, hostname } = agent;
  return revokedAt === null ? undefined : `${id} (${hostname}) was revoked`;
}

const whyOther = (named: string, own: string): string | undefined =>
  named === own
    ? undefined
    : `they are for the cloud ${named}, and this is ${own}`;

function takeOne(
  { id, org, hostname, publicKey: raw }: Agent,
  evidence: { readonly signed: string; readonly signature: string },
  { answers }: CarriedReceiptPorts,
): TakenReceipt {
  const refused = (why: string, feed?: FeedName): NotTaken => ({
    ...{ fate: "refused", agent: id, feed, why },
  });
  const { signed, signature } = evidence;
  const key = publicKey(Buffer.from(raw, "base64url"));
  const bytes = textBytes("receipt", signed, 2);
  if (!key.verify(bytes, Buffer.from(signature, "base64url"))) {
    return refused(`it is not signed by the key of ${id} (${hostname})`);
  }
  const receipt = readReceipt(signed);
  if (receipt instanceof Malformed) return refused(receipt.message);
  const { feed } = receipt.position;
  if (receipt.agent !== id) return refused(`it is of ${receipt.agent}`, feed);
  if (!isFor(org, feed)) {
    return refused(`hosts of ${org} do not follow ${feed}`, feed);
  }
  const fate = answers.receipt(receipt, { ...evidence, protocol: 2 });
  return { fate, agent: id, hostname, receipt };
}

function readReceipt(signed: string): Receipt | Malformed {
  try {
    return parseJson(ReceiptV2, signed, "receipt");
  } catch (error) {
    if (error instanceof Malformed) return error;
    throw error;
  }
}
