import * as v from "valibot";
import type { Clock } from "../../agent/runtime/clock.js";
import type { DecisionEvent } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { ProposedChange } from "../journal/two-person-events.js";
import type { OrgVouched } from "../journal/weight-events.js";
import type { Registry } from "../registry/registry.js";
import { NotOpen } from "./settling.js";

/** What the second person reads, and what is carried out from then on. */
const Text = v.strictObject({
  org: v.string(),
  why: v.string(),
  /** Seconds, from the release on. */
  seconds: v.pipe(v.number(), v.integer()),
});

export interface VouchingPorts {
  readonly clock: Pick<Clock, "now">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly registry: Pick<Registry, "org">;
}

/** Has the word of an org count, for whom two persons answer. */
export class Vouching {
  readonly #ports: VouchingPorts;

  constructor(ports: VouchingPorts) {
    this.#ports = ports;
  }

  /** As a proposal holds it. */
  textOf(vouch: v.InferOutput<typeof Text>): string {
    return JSON.stringify(vouch, null, 2);
  }

  /** @throws NotOpen */
  async carryOut(
    { text }: Pick<ProposedChange, "text">,
    { by }: { readonly by: string },
    along: readonly DecisionEvent[],
  ): Promise<void> {
    const { clock, decisions, registry } = this.#ports;
    const { org, why, seconds } = v.parse(Text, JSON.parse(text));
    const expiresAt = clock.now() + seconds * 1_000;
    const vouched: OrgVouched = {
      ...{ kind: "org-vouched", org, by, why, expiresAt },
    };
    await lookThenAppend(decisions, () => {
      if (registry.org(org) === undefined) {
        throw new NotOpen(`there is no org ${org} now`);
      }
      return { events: [vouched, ...along], answer: undefined };
    });
  }

  /** Whoever answers for it no more, one person is enough. */
  async withdraw(org: string, by: string, reason: string): Promise<void> {
    const withdrawn = { kind: "vouch-withdrawn", org, by, reason } as const;
    await this.#ports.decisions.append([withdrawn]);
  }
}
