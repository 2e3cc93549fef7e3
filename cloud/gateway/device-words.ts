import { Malformed } from "../../agent/protocol/malformed.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import { Statement } from "../../agent/protocol/statement.js";
import type { Wire } from "../../agent/protocol/wire.js";
import type { DeviceWord } from "../journal/observation-events.js";
import { evidenceOf, HelloRefused } from "./hello.js";
import type { Live } from "./live.js";
import { isOwnGroup } from "./group-feeds.js";
import type { GatewayPorts, TelemetryMessage } from "./ports.js";

/**
 * Holds each statement in what an agent reports to be its own.
 * @throws HelloRefused, Malformed
 */
export const checkStatements =
  ({ agent, key }: Pick<Live, "agent" | "key">) =>
  (items: TelemetryMessage["items"]): void => {
    for (const item of items) {
      if (item.kind !== "statement") continue;
      const { signed, signature } = item;
      const statement = parseJson(Statement, signed, "statement");
      const bytes = textBytes("statement", signed, 2);
      if (!key.verify(bytes, Buffer.from(signature, "base64url"))) {
        const why = "a statement's signature is bad";
        throw new HelloRefused("unauthenticated", agent.id, why);
      }
      if (statement.agent !== agent.id) {
        throw new Malformed("statement", "is another agent's");
      }
    }
  };

type Signed = Pick<DeviceWord, "signed" | "signature">;

/**
 * Takes a receipt that the agent of this session signed, of a feed that it follows;
 * one of a group's feed that it has left a moment ago is passed over.
 * @throws HelloRefused, Malformed
 */
export function takeReceipt(
  { signed, signature }: Signed,
  { agent, key, following }: Live,
  wire: Wire,
  { answers }: Pick<GatewayPorts, "answers">,
): void {
  const receipt = wire.receipt(signed);
  const bytes = textBytes("receipt", signed, wire.version);
  if (!key.verify(bytes, Buffer.from(signature, "base64url"))) {
    const why = "a receipt's signature is bad";
    throw new HelloRefused("unauthenticated", agent.id, why);
  }
  const { feed } = receipt.position;
  const follows = following.has(feed);
  const isOwn = follows || isOwnGroup(feed, agent.org);
  if (receipt.agent !== agent.id || !isOwn) {
    throw new Malformed("receipt", "is for another agent or feed");
  }
  if (!follows) return;
  answers.receipt(receipt, evidenceOf({ signed, signature }, wire));
}
