import {
  encodeToken,
  enrolmentProofBytes,
  type EnrolmentAnswer,
  type EnrolmentRequest,
} from "../../agent/protocol/enrolment.js";
import { rootFormat } from "../../agent/protocol/root-document.js";
import { covers, parseAddress, parseCidr } from "../../agent/model/cidr.js";
import type { Mode } from "../../agent/model/mode.js";
import type { SignedText } from "../../agent/protocol/signed-text.js";
import type { Clock } from "../../agent/runtime/clock.js";
import { isoTime } from "../../agent/text/time.js";
import { publicKey } from "../../agent/trust/keys.js";
import { hashOf, newId, newSecret } from "../ids.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Signing } from "../roots/signing.js";
import { protocolReadBy, takesProposedMode } from "./protocol-read.js";
import { tokenIdOf } from "./registry.projection.js";
import type { Registry, Token } from "./registry.js";

export interface EnrolmentPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly cloudName: string;
  readonly signing: Pick<Signing, "root" | "version" | "newest" | "text">;
}

export type EnrolmentRefusal =
  | "token-unknown"
  | "token-used"
  | "token-expired"
  | "token-elsewhere"
  | "token-revoked"
  | "bad-proof"
  | "version-too-old";

/** A host that may not come in, or be another, with the reason. */
export class EnrolmentRefused extends Error {
  override readonly name = "EnrolmentRefused";

  constructor(
    readonly code: EnrolmentRefusal,
    message: string,
  ) {
    super(message);
  }
}

/** Lets hosts in: each comes in by a token, and becomes an agent. */
export class Enrolment {
  readonly #ports: EnrolmentPorts;

  constructor(ports: EnrolmentPorts) {
    this.#ports = ports;
  }

  /** A token's text, to be pasted on the host. It is not stored, its hash is. */
  async makeToken(order: {
    readonly org: string;
    readonly expiresAt: number;
    readonly by: string;
    readonly url: string;
    /** What it is for. */
    readonly label?: string;
    /** What it proposes that the host begins with. */
    readonly mode?: Mode;
    /** How many hosts come in by it; 1 unless it is said. */
    readonly uses?: number;
    /** What those hosts are called by beside their names, in alphabetical order. */
    readonly tags?: readonly string[];
    /** Where they come from, as CIDR ranges; anywhere unless it is said. */
    readonly networks?: readonly string[];
  }): Promise<{ readonly id: string; readonly token: string }> {
    const { decisions, signing } = this.#ports;
    const secret = newSecret();
    const { url, ...terms } = order;
    const tokenHash = hashOf(secret);
    const root = signing.version;
    await decisions.append([{ kind: "token-made", ...terms, tokenHash, root }]);
    const fingerprint = signing.root.fingerprint;
    const token = encodeToken({ url, secret, root: fingerprint });
    return { id: tokenIdOf(tokenHash), token };
  }

  /** Nobody comes in by it from here on; who came before stays. */
  async revokeToken(
    token: Pick<Token, "id">,
    order: { readonly by: string; readonly reason: string },
  ): Promise<void> {
    const { decisions, registry } = this.#ports;
    const { by, reason } = order;
    await lookThenAppend(decisions, () => {
      const found = registry.tokenCalled(token.id);
      if (found?.revokedAt !== null) return { events: [], answer: undefined };
      const revoked: DecisionEvent = {
        ...{ kind: "token-revoked", tokenHash: found.hash, by },
        ...(reason !== "" && { reason }),
      };
      return { events: [revoked], answer: undefined };
    });
  }

  /**
   * Each use of a token is one agent: it is looked at again should somebody else
   * append before it is used. Who asks again with the key that was let in a while ago
   * has missed the answer, and is the same agent.
   * @param from the address that the host comes from
   * @throws EnrolmentRefused
   */
  async enrol(
    request: EnrolmentRequest,
    from: string,
  ): Promise<EnrolmentAnswer> {
    const { decisions, signing, cloudName } = this.#ports;
    const fresh = newId("agt");
    const { publicKey, hostname, system, version } = request;
    const host = { publicKey, hostname, system, version };
    const { agent, token } = await lookThenAppend(decisions, () => {
      const again = this.#answeredBefore(request, from);
      if (again !== undefined) return { events: [], answer: again };
      const token = this.#usableToken(request.secret, from);
      checkProof(request);
      checkVersion(request, signing.newest);
      const { org, hash: tokenHash, tags, madeBy: by } = token;
      const agent = fresh;
      const event = { kind: "agent-enrolled", agent, org, tokenHash } as const;
      const tagged = { kind: "agent-tagged", agent, tags, by } as const;
      const called = tags.length > 0 ? [tagged] : [];
      const answer = { agent, token };
      return { events: [{ ...event, ...host }, ...called], answer };
    });
    const { org, mode } = token;
    // The one that the token pins; those after it are fetched on connecting.
    const root = signing.text(token.root) ?? signing.newest;
    const proposes = mode !== null && takesProposedMode(version);
    const said = { agent, org, cloud: cloudName, root };
    return proposes ? { ...said, mode } : said;
  }

  /** By the same token, from where it is good, and with proof of the same key. */
  #answeredBefore(
    request: EnrolmentRequest,
    from: string,
  ): { readonly agent: string; readonly token: Token } | undefined {
    const { registry, clock } = this.#ports;
    const token = registry.token(request.secret);
    if (token === undefined || token.revokedAt !== null) return undefined;
    if (!isWithin(from, token.networks)) return undefined;
    const after = clock.now() - ASKED_AGAIN_MS;
    const agent = registry.cameBy(token, request.publicKey, after);
    if (agent === undefined) return undefined;
    checkProof(request);
    return { agent, token };
  }

  #usableToken(secret: string, from: string): Token {
    const { registry, clock } = this.#ports;
    const token = registry.token(secret);
    if (token === undefined) {
      throw new EnrolmentRefused(
        "token-unknown",
        "this cloud never made this enrolment token",
      );
    }
    if (token.used >= token.uses) {
      throw new EnrolmentRefused("token-used", usedText(token));
    }
    if (token.revokedAt !== null) {
      throw new EnrolmentRefused(
        "token-revoked",
        `this enrolment token was revoked at ${isoTime(token.revokedAt)}; make a new one`,
      );
    }
    if (token.expiresAt <= clock.now()) {
      throw new EnrolmentRefused(
        "token-expired",
        `this enrolment token expired at ${isoTime(token.expiresAt)}; make a new one`,
      );
    }
    if (!isWithin(from, token.networks)) {
      throw new EnrolmentRefused(
        "token-elsewhere",
        `this enrolment token is for hosts of other networks, and this one comes from ${from}`,
      );
    }
    return token;
  }
}

/** Milliseconds: an answer that was lost is asked for again within a day. */
const ASKED_AGAIN_MS = 86_400_000;

const usedText = ({ uses, usedBy }: Token): string =>
  uses === 1
    ? `this enrolment token was used by ${usedBy ?? "a host"}; make a new one`
    : `this enrolment token was used by ${uses} hosts, as many as may come in by it; make a new one`;

/** Whether an address, IPv4 in IPv6 included, lies within one of some ranges. */
function isWithin(from: string, networks: readonly string[]): boolean {
  if (networks.length === 0) return true;
  const bare = from.replace(/^::ffff:(?=\d+\.)/i, "").replace(/%.*/, "");
  if (parseAddress(bare) === undefined) return false;
  const address = parseCidr(bare);
  return networks.some((network) => covers(parseCidr(network), address));
}

/** @throws EnrolmentRefused when the agent could not read the root in force */
function checkVersion({ version }: EnrolmentRequest, { signed }: SignedText) {
  if (protocolReadBy(version) >= rootFormat(signed)) return;
  throw new EnrolmentRefused(
    "version-too-old",
    `the agent is of version ${version}, and this cloud's root needs 0.4.0 or later: upgrade the agent, then enrol it`,
  );
}

function checkProof(request: EnrolmentRequest): void {
  const key = publicKey(Buffer.from(request.publicKey, "base64url"));
  const proof = Buffer.from(request.proof, "base64url");
  if (key.verify(enrolmentProofBytes(request.secret), proof)) return;
  throw new EnrolmentRefused(
    "bad-proof",
    "the proof is not a signature of the given device key",
  );
}
