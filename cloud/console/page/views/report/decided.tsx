import { Nothing, count, counted } from "../../parts/bits.js";
import { heldSaid } from "../../parts/held-said.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { tookSays } from "./months.js";
import type { Month } from "./told.js";

type BansBy = Month["bans"][number];
type Answered = Month["answered"];

const BY: Readonly<Record<BansBy["by"], string>> = {
  rule: "a rule",
  list: "a list",
  people: "people",
};

const BANS: readonly PlainColumn<BansBy>[] = [
  {
    head: "By",
    cell: ({ by, name }) => (name === null ? BY[by] : `${BY[by]}: ${name}`),
  },
  {
    head: "For",
    cell: ({ isOwn }) => (isOwn ? "this customer alone" : "everybody"),
  },
  {
    head: "Does",
    cell: ({ observed }) => (observed ? "only counts" : "stops"),
  },
  {
    ...{ head: "Decisions", isNumber: true },
    cell: ({ decisions }) => count(decisions),
  },
  {
    ...{ head: "Addresses and ranges", isNumber: true },
    cell: ({ ranges }) => count(ranges),
  },
];

/** What could be in force at some time of the month. */
export function Bans({ month: { bans, decided } }: { readonly month: Month }) {
  const { lists, lifts, undone } = decided;
  return (
    <>
      <p>
        {counted(decided.bans, "ban was", "bans were")} decided in this month,{" "}
        {counted(lists, "list was", "lists were")} taken in,{" "}
        {counted(lifts, "ban was", "bans were")} lifted, and{" "}
        {counted(undone, "decision was", "decisions were")} undone.
      </p>
      {bans.length === 0 ? (
        <Nothing>No ban could be in force.</Nothing>
      ) : (
        <PlainTable
          label="Bans that could be in force in this month"
          columns={BANS}
          rows={bans}
          keyOf={({ by, name, isOwn, observed }) =>
            JSON.stringify([by, name, isOwn, observed])
          }
        />
      )}
    </>
  );
}

interface Way {
  readonly says: string;
  readonly took: Answered["toForce"];
}

const WAYS: readonly PlainColumn<Way>[] = [
  { head: "From … to …", cell: ({ says }) => says },
  {
    ...{ head: "Half of them within", isNumber: true },
    cell: ({ took }) => (took === null ? "not recorded" : tookSays(took.p50)),
  },
  {
    ...{ head: "95 of 100 within", isNumber: true },
    cell: ({ took }) => (took === null ? "" : tookSays(took.p95)),
  },
  {
    ...{ head: "Of how many", isNumber: true },
    cell: ({ took }) => count(took?.count ?? 0),
  },
];

/** How long it took until hosts had signed that a ban is in force. */
export function Times({ answered }: { readonly answered: Answered }) {
  const { toDecision, toForce, inAll } = answered;
  const rows: readonly Way[] = [
    { says: "the attack to the decision", took: toDecision },
    { says: "the decision to a host's receipt", took: toForce },
    { says: "the attack to a host's receipt", took: inAll },
  ];
  return (
    <PlainTable
      label="How long it took"
      columns={WAYS}
      rows={rows}
      keyOf={({ says }) => says}
    />
  );
}

/** How many of the hosts that had to hold decisions do. */
export function Coverage({ answered }: { readonly answered: Answered }) {
  const { decisions, must, holding, inPart, missing } = answered;
  if (must === 0) {
    return <Nothing>No host had to hold a decision of this month.</Nothing>;
  }
  return (
    <p>
      Of {counted(decisions, "decision")} that were looked at, hosts had to hold{" "}
      {count(must)}, each host counted once for each decision: {count(holding)}{" "}
      are in force ({shareSays(holding, must)}), {count(inPart)} in part, and{" "}
      {count(missing)} are missing: those hosts were away, or have not answered.
    </p>
  );
}

/** Rounded down: all but one of many is not all. */
const shareSays = (part: number, whole: number): string =>
  `${Math.floor((1_000 * part) / whole) / 10} %`;

const HELD: readonly PlainColumn<Answered["held"][number]>[] = [
  { head: "Why", cell: ({ rule }) => heldSaid(rule) },
  { ...{ head: "Hosts", isNumber: true }, cell: ({ hosts }) => count(hosts) },
  { ...{ head: "Bans", isNumber: true }, cell: ({ bans }) => count(bans) },
];

/** What hosts would not do, for their own sake. */
export function Held({ answered: { held } }: { readonly answered: Answered }) {
  if (held.length === 0) {
    return <Nothing>Nothing: hosts carried out all that reached them.</Nothing>;
  }
  return (
    <PlainTable
      label="What was held back"
      columns={HELD}
      rows={held}
      keyOf={({ rule }) => rule}
    />
  );
}
