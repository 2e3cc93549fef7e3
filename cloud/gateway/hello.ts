import type { CloseReason } from "../../agent/protocol/close-codes.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import type { AnyHello, Wire } from "../../agent/protocol/wire.js";
import { publicKey, type PublicKey } from "../../agent/trust/keys.js";
import type { DeviceWord } from "../journal/observation-events.js";
import type { Agent } from "../registry/registry.js";

/** A hello that does not let its sender in. */
export class HelloRefused extends Error {
  override readonly name = "HelloRefused";

  constructor(
    readonly close: CloseReason,
    /** Who it claims to be. */
    readonly agent: string,
    message: string,
  ) {
    super(message);
  }
}

/** What was asked, and who may answer. */
export interface Challenge {
  readonly nonce: string;
  readonly cloud: string;
  agent(id: string): Agent | undefined;
}

/** Somebody who proved to be an agent of ours. */
export interface Greeting {
  readonly hello: AnyHello;
  /** What the agent can do beyond what its version asks of all. */
  readonly capabilities: ReadonlySet<string>;
  readonly agent: Agent;
  readonly key: PublicKey;
  /** The hello as the device signed it. */
  readonly evidence: DeviceWord;
}

/** A device's word, to the byte. */
export const evidenceOf = (
  { signed, signature }: DeviceWord,
  { version }: Pick<Wire, "version">,
): DeviceWord => ({
  ...{ signed, signature },
  ...(version === 2 ? { protocol: version } : {}),
});

/**
 * Holds a hello to the challenge. The agent's clock proves nothing and is not
 * held against it: the nonce is what makes a hello fresh.
 * @throws HelloRefused, or Malformed when it is no hello at all
 */
export function checkHello(
  { signed, signature }: { signed: string; signature: string },
  challenge: Challenge,
  wire: Wire,
): Greeting {
  const hello = wire.hello(signed);
  if (hello.nonce !== challenge.nonce) {
    throw new HelloRefused(
      "unauthenticated",
      hello.agent,
      "it answers another challenge",
    );
  }
  if (hello.cloud !== challenge.cloud) {
    throw new HelloRefused(
      "unauthenticated",
      hello.agent,
      `it is for "${hello.cloud}"`,
    );
  }
  const agent = challenge.agent(hello.agent);
  if (agent === undefined) {
    throw new HelloRefused(
      "unauthenticated",
      hello.agent,
      `nobody is ${hello.agent}`,
    );
  }
  const key = publicKey(Buffer.from(agent.publicKey, "base64url"));
  const bytes = textBytes("hello", signed, wire.version);
  if (!key.verify(bytes, Buffer.from(signature, "base64url"))) {
    throw new HelloRefused(
      "unauthenticated",
      hello.agent,
      "its signature is bad",
    );
  }
  if (agent.revokedAt !== null) {
    throw new HelloRefused("revoked", hello.agent, `${agent.id} was revoked`);
  }
  const evidence = evidenceOf({ signed, signature }, wire);
  const capabilities = new Set(hello.capabilities);
  return { hello, capabilities, agent, key, evidence };
}
