import { Malformed } from "../../agent/protocol/malformed.js";
import { Rekey, type RekeyRequest } from "../../agent/protocol/rekey.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import { publicKey, type PublicKey } from "../../agent/trust/keys.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import { EnrolmentRefused } from "./enrolment.js";
import type { Agent, Registry } from "./registry.js";

/** Who asks, as its session knows it. */
export interface Asker {
  readonly agent: Pick<Agent, "id" | "publicKey">;
  readonly key: PublicKey;
  readonly hello: { readonly nonce: string };
}

/**
 * Puts a device's new key in the place of its old one, which is good for nothing
 * once this returns.
 * @returns the new key's id
 * @throws EnrolmentRefused, Malformed
 */
export async function rekey(
  asker: Asker,
  request: RekeyRequest,
  ports: {
    readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
    readonly registry: Pick<Registry, "agent">;
    readonly cloudName: string;
  },
): Promise<string> {
  const { signed, signature, proof } = request;
  const order = parseJson(Rekey, signed, "rekey");
  checkAddress(order, asker, ports.cloudName);
  const key = publicKey(Buffer.from(order.publicKey, "base64url"));
  const bytes = textBytes("rekey", signed);
  if (!asker.key.verify(bytes, Buffer.from(signature, "base64url"))) {
    throw new EnrolmentRefused("bad-proof", "the old key did not sign it");
  }
  if (!key.verify(bytes, Buffer.from(proof, "base64url"))) {
    throw new EnrolmentRefused("bad-proof", "the new key did not sign it");
  }
  const agent = asker.agent.id;
  const { publicKey: raw } = order;
  const evidence = { signed, signature, proof };
  await lookThenAppend(ports.decisions, () => {
    mustBeKnownBy(asker, ports.registry);
    const kind = "agent-rekeyed";
    const event = { kind, agent, publicKey: raw, ...evidence } as const;
    return { events: [event], answer: undefined };
  });
  return key.id;
}

/** A key that another has taken the place of, or nobody trusts, orders nothing. */
function mustBeKnownBy(
  { agent }: Asker,
  registry: Pick<Registry, "agent">,
): void {
  const known = registry.agent(agent.id);
  const isSame = known?.publicKey === agent.publicKey;
  if (isSame && known.revokedAt === null) return;
  throw new EnrolmentRefused("bad-proof", "the old key counts no longer");
}

/** What another session, agent or cloud was told is no order here. */
function checkAddress(order: Rekey, asker: Asker, cloudName: string): void {
  if (order.nonce !== asker.hello.nonce) {
    throw new Malformed("rekey", "nonce is of another session");
  }
  if (order.cloud !== cloudName) {
    throw new Malformed("rekey", `cloud "${order.cloud}" is not this one`);
  }
  if (order.agent !== asker.agent.id) {
    throw new Malformed("rekey", `agent ${order.agent} does not ask`);
  }
}
