import { POLICY } from "../../agent/protocol/capabilities.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Live } from "./live.js";
import type { GatewayPorts } from "./ports.js";

/** What the customer wants of a host, as its session was told it. */
export class Wanted {
  #told: SignedText | undefined;

  /** What is to be told now: nothing to who does not go by it, or knows it. */
  next(
    { agent: known, capabilities }: Live,
    ports: Pick<GatewayPorts, "agent" | "policy">,
  ): SignedText | undefined {
    if (!capabilities.has(POLICY)) return undefined;
    const policy = ports.policy(ports.agent(known.id) ?? known);
    if (policy === this.#told) return undefined;
    this.#told = policy;
    return policy;
  }
}
