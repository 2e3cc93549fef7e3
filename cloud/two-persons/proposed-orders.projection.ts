import { orgOf } from "../feeds/audience.js";
import type {
  OrderProposed,
  ProposedChange,
  ProposedOrder,
} from "../journal/two-person-events.js";
import type { DecisionProjection } from "../journal/view.js";

/** Orders that wait for a second person, and what became of them. */
export const proposedOrderTables: DecisionProjection = {
  tables: `
    CREATE TABLE proposed_orders (
      seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, terms TEXT NOT NULL,
      ranges TEXT, count INTEGER NOT NULL, few TEXT NOT NULL,
      bytes INTEGER NOT NULL, dangers TEXT NOT NULL, operator TEXT NOT NULL,
      by TEXT NOT NULL, org TEXT, own_org TEXT, proposed_at INTEGER NOT NULL,
      expires_at INTEGER NOT NULL, verdict TEXT, settled_at INTEGER,
      settled_by TEXT, settled_why TEXT, decision TEXT
    ) STRICT;
    CREATE INDEX proposed_orders_by_expiry ON proposed_orders (expires_at);
    CREATE INDEX proposed_orders_by_decision ON proposed_orders (decision)
      WHERE decision IS NOT NULL`,

  fold(database) {
    const add = database.prepare(
      `INSERT INTO proposed_orders VALUES
         (@seq, @proposal, @terms, @ranges, @count, @few, @bytes, @dangers,
          @operator, @by, @org, @ownOrg, @at, @expiresAt,
          NULL, NULL, NULL, NULL, NULL)`,
    );
    const settle = database.prepare(
      `UPDATE proposed_orders SET verdict = ?, settled_at = ?, settled_by = ?,
         settled_why = ?, decision = ?, ranges = NULL WHERE id = ?`,
    );
    const expire = database.prepare(
      "UPDATE proposed_orders SET ranges = NULL WHERE expires_at <= ? AND ranges IS NOT NULL",
    );
    const forget = database.prepare(
      `DELETE FROM proposed_orders WHERE seq <= (SELECT seq
         FROM proposed_orders ORDER BY seq DESC LIMIT 1 OFFSET ${MOST_KEPT})`,
    );
    return ({ seq, at, event }) => {
      if (event.kind === "order-proposed") {
        add.run({ seq, at, ...columnsOf(event) });
        expire.run(at);
        forget.run();
      } else if (event.kind === "proposal-settled") {
        const { verdict, by, reason, decision, proposal } = event;
        settle.run(verdict, at, by, reason, decision ?? null, proposal);
      }
    };
  },
};

function columnsOf({
  kind: _,
  order,
  dangers,
  ...rest
}: OrderProposed): Record<string, unknown> {
  return {
    ...rest,
    ...(order.action === "change" ? columnsOfChange(order) : ranged(order)),
    bytes: bytesOf(order),
    dangers: JSON.stringify(dangers),
    ownOrg: ownOrgOf(order),
  };
}

function ranged(
  order: Exclude<ProposedOrder, ProposedChange>,
): Record<string, unknown> {
  const { ranges, ...terms } = order;
  const texts = typeof ranges === "number" ? [] : ranges;
  return {
    terms: JSON.stringify(terms),
    ranges: typeof ranges === "number" ? null : JSON.stringify(ranges),
    count: typeof ranges === "number" ? ranges : ranges.length,
    few: JSON.stringify(texts.slice(0, FEW)),
  };
}

/** Its text goes where ranges are, and is forgotten with them. */
const columnsOfChange = ({ text, ...terms }: ProposedChange) => ({
  ...{ terms: JSON.stringify(terms), ranges: text },
  ...{ count: 0, few: "[]" },
});

/** What an order's ranges take, in the log or in a file beside it. */
export function bytesOf(order: ProposedOrder): number {
  if (order.action === "import") return order.bytes;
  if (order.action === "change") return order.text.length;
  return JSON.stringify(order.ranges).length;
}

/** The one org whose feed alone it is about; null: more than that. */
function ownOrgOf(order: ProposedOrder): string | null {
  if (order.action === "change") return order.org ?? null;
  const feeds = order.action === "lift" ? order.feeds : [order.feed];
  const [feed] = feeds;
  return feeds.length === 1 && feed !== undefined
    ? (orgOf(feed) ?? null)
    : null;
}

/** Of an order's ranges, what stays when it is over. */
const FEW = 10;

/** Those that are over included; the log has all. */
const MOST_KEPT = 10_000;
