import type { Clock } from "../../agent/runtime/clock.js";
import { Settling } from "../decide/settling.js";
import { newId } from "../ids.js";
import type { Database, Statement } from "../journal/database.js";
import type { ProposalSettled } from "../journal/decision-events.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type {
  Danger,
  OrderProposed,
  ProposedOrder,
} from "../journal/two-person-events.js";
import { bytesOf } from "./proposed-orders.projection.js";

/** An order that waits, or waited, for a second person. Times in ms since 1970. */
export interface WaitingOrder {
  /** Its place in the order of all proposals. */
  readonly seq: number;
  readonly id: string;
  readonly action: ProposedOrder["action"];
  /** Without its ranges, or its text. */
  readonly terms: Readonly<Record<string, unknown>>;
  /** How many ranges, and the first few; none of an import's. */
  readonly count: number;
  readonly few: readonly string[];
  readonly dangers: readonly Danger[];
  /** Who proposed it: "opr-…", the name, and whose operator that is. */
  readonly operator: string;
  readonly by: string;
  readonly org: string | null;
  /** The one org whose feed alone it is about. */
  readonly ownOrg: string | null;
  readonly proposedAt: number;
  readonly expiresAt: number;
  readonly verdict: ProposalSettled["verdict"] | null;
  readonly settledAt: number | null;
  readonly settledBy: string | null;
  readonly settledWhy: string | null;
  readonly decision: string | null;
}

/** Too many orders wait already, of this operator or in all. */
export class NoShareLeft extends Error {
  override readonly name = "NoShareLeft";
}

/** Ranges on their way into a file. */
export interface Coming extends Disposable {
  /**
   * So many bytes by now.
   * @throws NoShareLeft
   */
  has(bytes: number): void;
}

export interface ProposedOrdersPorts {
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly clock: Pick<Clock, "now">;
  readonly proposalForS: number;
}

/** Which to list; undefined org is everybody's. */
export interface WaitingQuery {
  readonly all: boolean;
  readonly limit: number;
  /** Sequence number that they come before. */
  readonly before?: number | undefined;
  readonly org?: string | null | undefined;
}

/**
 * Orders that one person gave and another decides on. Each operator has a share of
 * the table, and of its bytes, so that none can fill it.
 */
export class ProposedOrders {
  readonly settling: Settling<WaitingOrder>;
  readonly #ports: ProposedOrdersPorts;
  readonly #one: Statement<Row>;
  readonly #ranges: Statement<string | null>;
  readonly #list: Statement<Row>;
  readonly #used: Statement<Used>;
  readonly #open: Statement<string>;
  readonly #releasedBy: Statement<string>;
  /** By the proposal that will be made of them. */
  readonly #coming = new Map<
    string,
    { readonly operator: string; bytes: number }
  >();

  constructor(database: Database, ports: ProposedOrdersPorts) {
    this.#ports = ports;
    const find = (id: string) => this.order(id);
    this.settling = new Settling({ ...ports, find });
    this.#one = database.prepare(`${ORDERS} WHERE id = ?`);
    this.#ranges = database
      .prepare<unknown[], string | null>(
        "SELECT ranges FROM proposed_orders WHERE id = ?",
      )
      .pluck();
    this.#list = database.prepare(
      `${ORDERS} WHERE (@all OR (verdict IS NULL AND expires_at > @now))
         AND (@before IS NULL OR seq < @before)
         AND (@org IS NULL OR own_org = @org)
       ORDER BY seq DESC LIMIT @limit`,
    );
    this.#used = database.prepare(
      `SELECT count(*) AS count, coalesce(sum(bytes), 0) AS bytes
       FROM proposed_orders WHERE verdict IS NULL AND expires_at > @now
         AND (@operator IS NULL OR operator = @operator)`,
    );
    this.#open = database
      .prepare<unknown[], string>(
        `SELECT id FROM proposed_orders
         WHERE verdict IS NULL AND expires_at > ?`,
      )
      .pluck();
    this.#releasedBy = database
      .prepare<unknown[], string>(
        "SELECT settled_by FROM proposed_orders WHERE decision = ?",
      )
      .pluck();
  }

  /** Newest first: those that are open, or all. */
  list({ all, limit, before, org }: WaitingQuery): readonly WaitingOrder[] {
    const now = this.#ports.clock.now();
    const asked = { limit, now, before: before ?? null, org: org ?? null };
    return this.#list.all({ ...asked, all: Number(all) }).map(waitingOf);
  }

  order(id: string): WaitingOrder | undefined {
    const row = this.#one.get(id);
    return row && waitingOf(row);
  }

  /** Ids of all that are open. */
  open(): readonly string[] {
    return this.#open.all(this.#ports.clock.now());
  }

  /** The name of who had a decision carried out; undefined: it took nobody. */
  releasedBy(decision: string): string | undefined {
    return this.#releasedBy.get(decision);
  }

  newProposal(): string {
    return newId("prp");
  }

  /**
   * Bytes that are written before their order is proposed, which others have to
   * leave free until this is disposed.
   */
  coming(proposal: string, operator: string): Coming {
    const coming = { operator, bytes: 0 };
    this.#coming.set(proposal, coming);
    return {
      has: (bytes) => {
        this.#mustHaveRoom({ proposal, operator }, bytes);
        coming.bytes = bytes;
      },
      [Symbol.dispose]: () => void this.#coming.delete(proposal),
    };
  }

  /** @throws NoShareLeft */
  async propose(
    proposed: Omit<OrderProposed, "kind" | "expiresAt">,
  ): Promise<WaitingOrder> {
    const { decisions, clock, proposalForS } = this.#ports;
    const event: OrderProposed = {
      ...{ kind: "order-proposed", ...proposed },
      expiresAt: clock.now() + proposalForS * 1000,
    };
    await lookThenAppend(decisions, () => {
      this.#mustHaveRoom(proposed, bytesOf(proposed.order));
      return { events: [event], answer: undefined };
    });
    const waiting = this.order(proposed.proposal);
    if (waiting === undefined) throw new Error("the view lacks what it folded");
    return waiting;
  }

  /** An order as it was asked for, with the ranges of a ban or lift, or its text. */
  orderOf({ id, terms, count }: WaitingOrder): ProposedOrder {
    const text = this.#ranges.get(id) ?? "";
    if (terms["action"] === "change") {
      return { ...terms, text } as unknown as ProposedOrder;
    }
    const ranges = text === "" ? count : (JSON.parse(text) as string[]);
    return { ...terms, ranges } as unknown as ProposedOrder;
  }

  /** @throws NoShareLeft */
  #mustHaveRoom(
    { proposal, operator }: Pick<OrderProposed, "proposal" | "operator">,
    bytes: number,
  ): void {
    const all = this.#usedBy(null, proposal);
    const own = this.#usedBy(operator, proposal);
    if (own.count >= MOST_OF_ONE || own.bytes + bytes > MOST_BYTES_OF_ONE) {
      throw new NoShareLeft(
        `${own.count} of your orders wait for somebody else, with ${own.bytes} bytes of ranges: have some released, or withdraw them`,
      );
    }
    if (all.count < MOST && all.bytes + bytes <= MOST_BYTES) return;
    throw new NoShareLeft(
      `${all.count} orders wait for a second person already, and there is no room for more`,
    );
  }

  /** By an operator or, null, by all; but for bytes of one that is on its way. */
  #usedBy(operator: string | null, but: string): Used {
    const now = this.#ports.clock.now();
    const { count, bytes } = this.#used.get({ now, operator }) ?? NOTHING;
    let coming = 0;
    for (const [proposal, each] of this.#coming) {
      const isMeant = operator === null || each.operator === operator;
      if (isMeant && proposal !== but) coming += each.bytes;
    }
    return { count, bytes: bytes + coming };
  }
}

/** What people can look through. */
const MOST = 1_000;
const MOST_OF_ONE = 100;

/** Of all ranges: a list of four million takes some 60 MB. */
const MOST_BYTES = 512 * 1024 * 1024;
const MOST_BYTES_OF_ONE = MOST_BYTES / 4;

interface Used {
  readonly count: number;
  readonly bytes: number;
}

const NOTHING: Used = { count: 0, bytes: 0 };

const ORDERS = `
  SELECT seq, id, terms, count, few, dangers, operator, by, org,
    own_org AS ownOrg, proposed_at AS proposedAt, expires_at AS expiresAt,
    verdict, settled_at AS settledAt, settled_by AS settledBy,
    settled_why AS settledWhy, decision
  FROM proposed_orders`;

type Row = Omit<WaitingOrder, "action" | "terms" | "few" | "dangers"> &
  Readonly<Record<"terms" | "few" | "dangers", string>>;

function waitingOf({ terms, few, dangers, ...row }: Row): WaitingOrder {
  const said = JSON.parse(terms) as Omit<ProposedOrder, "ranges">;
  return {
    ...row,
    ...{ action: said.action, terms: { ...said } },
    few: JSON.parse(few) as string[],
    dangers: JSON.parse(dangers) as Danger[],
  };
}
