import type { Clock } from "../../agent/runtime/clock.js";
import { newId } from "../ids.js";
import type { Database, Statement } from "../journal/database.js";
import type {
  Proposed,
  ProposalSettled,
  Veto,
} from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Verdict } from "../rules/verdict.js";
import { areEnough, written, type Witnesses } from "../rules/witnesses.js";
import type { CorrelationSettings } from "./correlation-settings.js";
import { Settling } from "./settling.js";

/** A ban that a rule wants and a person decides on. */
export interface Proposal {
  readonly id: string;
  readonly attacker: string;
  /** Milliseconds since 1970. */
  readonly proposedAt: number;
  /** Until when somebody may release it; it bans nobody by itself. */
  readonly expiresAt: number;
  readonly rule: string;
  readonly reason: string;
  readonly evidence: readonly number[];
  readonly orgs: readonly string[];
  readonly veto: Veto;
  /** What a person said, when and why; null while nobody has. */
  readonly verdict: ProposalSettled["verdict"] | null;
  readonly settledAt: number | null;
  readonly settledBy: string | null;
  readonly settledWhy: string | null;
  readonly decision: string | null;
  /** It was refused since it is not true. */
  readonly wrong: boolean;
}

export interface ProposalPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly clock: Pick<Clock, "now">;
  readonly settings: Pick<CorrelationSettings, "orgs" | "proposalForS">;
}

/**
 * What rules may not decide by themselves. Each org has a share of the table, as
 * the reason for proposals and as their witness, so that none can fill it.
 */
export class Proposals {
  readonly settling: Settling<Proposal>;
  readonly #ports: ProposalPorts;
  readonly #one: Statement<Row>;
  readonly #all: Statement<Row>;
  readonly #newest: Statement<{ readonly quietUntil: number }>;
  readonly #open: Statement<number>;
  readonly #openOf: Statement<number>;
  readonly #openBy: Statement<number>;

  constructor(database: Database, ports: ProposalPorts) {
    this.#ports = ports;
    this.settling = new Settling({
      ...{ ...ports, find: (id) => this.find(id) },
      later: "; what is seen again comes again",
    });
    this.#one = database.prepare(`${PROPOSALS} WHERE id = ?`);
    this.#all = database.prepare(
      `${PROPOSALS}
       WHERE (@all OR (verdict IS NULL AND expires_at > @now))
         AND (@before IS NULL
           OR seq < (SELECT seq FROM proposals WHERE id = @before))
       ORDER BY seq DESC LIMIT @limit`,
    );
    this.#newest = database.prepare(
      `SELECT CASE verdict WHEN 'released' THEN 0
         WHEN 'refused' THEN settled_at + expires_at - proposed_at
         ELSE expires_at END AS quietUntil
       FROM proposals WHERE attacker = ? ORDER BY seq DESC LIMIT 1`,
    );
    const counting = (where: string) =>
      database
        .prepare<unknown[], number>(
          `SELECT count(*) FROM proposals
           WHERE expires_at > @now AND verdict IS NULL ${where}`,
        )
        .pluck();
    this.#open = counting("");
    this.#openOf = counting("AND veto_why = @why AND veto_org = @org");
    this.#openBy = counting(
      "AND seq IN (SELECT proposal FROM proposal_orgs WHERE org = @org)",
    );
  }

  /** Newest first: those that are open, or all. */
  list(query: {
    readonly all: boolean;
    readonly limit: number;
    /** An id: those that were proposed before it. */
    readonly before?: string | undefined;
  }): readonly Proposal[] {
    const { all, limit, before = null } = query;
    const now = this.#ports.clock.now();
    const bound = { all: Number(all), limit, before, now };
    return this.#all.all(bound).map(proposalOf);
  }

  find(id: string): Proposal | undefined {
    const row = this.#one.get(id);
    return row && proposalOf(row);
  }

  /** Whether a person has it before him, or said no a while ago. */
  isSettling(attacker: string): boolean {
    const until = this.#newest.get(attacker)?.quietUntil ?? 0;
    return until > this.#ports.clock.now();
  }

  /** How many are open for which an org is the reason. */
  openOf(why: Veto["why"], org: string): number {
    return this.#openOf.get({ now: this.#ports.clock.now(), why, org }) ?? 0;
  }

  /** Where there is no room for it, or a person has it already, nothing happens. */
  propose(
    attacker: string,
    { rule, reason, evidence, ...witnesses }: Verdict,
    veto: Veto,
  ): Promise<Proposed | "no-room" | "settling"> {
    const { decisions, clock, settings } = this.#ports;
    const expiresAt = clock.now() + settings.proposalForS * 1000;
    const proposed: Proposed = {
      ...{ kind: "proposed", proposal: newId("prp"), attacker, expiresAt },
      ...{ rule: `rule:${rule}`, reason, evidence, veto },
      ...written(witnesses),
    };
    return lookThenAppend<Proposed | "no-room" | "settling">(decisions, () => {
      const none = { events: [] };
      if (this.isSettling(attacker)) return { ...none, answer: "settling" };
      if (!this.#hasRoom(witnesses, veto))
        return { ...none, answer: "no-room" };
      return { events: [proposed], answer: proposed };
    });
  }

  /** By the weight of those witnesses who have room, and by their number. */
  #hasRoom(witnesses: Witnesses, veto: Veto): boolean {
    const now = this.#ports.clock.now();
    if ((this.#open.get({ now }) ?? 0) >= MOST_OPEN) return false;
    if ("org" in veto && this.openOf(veto.why, veto.org) >= MOST_OF_AN_ORG) {
      return false;
    }
    const { orgs } = witnesses;
    const ready = new Set(
      orgs.filter(
        (org) => (this.#openBy.get({ now, org }) ?? 0) < MOST_BY_AN_ORG,
      ),
    );
    const least = Math.min(orgs.length, this.#ports.settings.orgs);
    return ready.size >= least && areEnough(witnesses, (org) => ready.has(org));
  }
}

/** What a person can look through. */
const MOST_OPEN = 1_000;

/** Open at a time, for which one org is the reason. */
const MOST_OF_AN_ORG = 100;

/** Open at a time, to which one org bears witness. */
const MOST_BY_AN_ORG = 100;

const PROPOSALS = `
  SELECT id, attacker, proposed_at AS proposedAt, expires_at AS expiresAt, rule,
    reason, evidence, orgs, veto, verdict, settled_at AS settledAt,
    settled_by AS settledBy, settled_why AS settledWhy, decision, wrong
  FROM proposals`;

type Row = Omit<Proposal, "evidence" | "orgs" | "veto" | "wrong"> &
  Readonly<Record<"evidence" | "orgs" | "veto", string>> & {
    readonly wrong: 0 | 1;
  };

const proposalOf = (row: Row): Proposal => ({
  ...row,
  evidence: JSON.parse(row.evidence) as number[],
  orgs: JSON.parse(row.orgs) as string[],
  veto: JSON.parse(row.veto) as Veto,
  wrong: row.wrong === 1,
});
