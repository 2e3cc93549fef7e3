import type { Answers } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Badge, count } from "../../parts/bits.js";
import { heldSaid } from "../../parts/held-said.js";
import type { PlainColumn } from "../../parts/plain-table.js";
import { Time, Timed } from "../../parts/time.js";
import { to } from "../../router.js";
import { ModeBadge } from "./host-words.js";
import { statementSays } from "./statement-words.js";

type Item<A> = A extends { readonly items: readonly (infer T)[] } ? T : never;
type Receipt = Item<Answers["listReceipts"]>;
type Refusal = Item<Answers["listRefusals"]>;
type Divergence = Item<Answers["listDivergences"]>;
type Detection = Item<Answers["listDetections"]>;
type Contact = Item<Answers["listContacts"]>;
type Statement = Item<Answers["listStatements"]>;
type Clone = Item<Answers["listClones"]>;

/** One list of a host's story. */
export interface Past<T> {
  readonly label: string;
  readonly pathOf: (agent: string) => string;
  /** Of what was answered, what is the host's, the newest first. */
  readonly newest: (items: readonly T[], agent: string) => readonly T[];
  readonly columns: readonly PlainColumn<T>[];
  readonly keyOf: (row: T) => string;
  /** What it means that there is none. */
  readonly nothing: string;
}

const asItIs = <T,>(items: readonly T[]): readonly T[] => items;
const reversed = <T,>(items: readonly T[]): readonly T[] => items.toReversed();

const A_FEW = 30;

/** Lists that come in the order of what they tell of: all there are, usually none. */
const ALL = 1_000;

const at = (head = "When"): PlainColumn<{ readonly at: string }> => ({
  head,
  cell: (row) => <Time at={row.at} />,
});

const address = (range: string) => (
  <a href={to("/address", { of: range })}>{range}</a>
);

export const RECEIPTS: Past<Receipt> = {
  label: "Receipts",
  pathOf: (agent) =>
    apiPath("/receipts", { agent, newest: true, limit: A_FEW }),
  newest: reversed,
  keyOf: ({ seq }) => String(seq),
  nothing:
    "It has not signed for anything yet: nothing is known to be in force there.",
  columns: [
    at(),
    {
      head: "Position",
      cell: ({ receipt: { position } }) => (
        <>
          {position.feed} <span class="faint">#{count(position.offset)}</span>
        </>
      ),
    },
    {
      head: "Mode",
      cell: ({ receipt }) => <ModeBadge mode={receipt.mode} />,
    },
    {
      ...{ head: "Bans", isNumber: true },
      cell: ({ receipt }) => count(receipt.banned),
    },
    {
      ...{ head: "Lifted", isNumber: true },
      cell: ({ receipt }) => count(receipt.lifted),
    },
    { head: "Held, because", cell: ({ receipt }) => heldOf(receipt) },
    {
      ...{ head: "In force after", isNumber: true },
      cell: ({ receipt }) => `${count(Math.round(receipt.enforcedMs))} ms`,
    },
  ],
};

function heldOf({ heldTotal, held }: Receipt["receipt"]) {
  if (heldTotal === 0) return <span class="faint">–</span>;
  const [first] = held;
  return (
    <>
      {count(heldTotal)}
      {first !== undefined && (
        <span class="faint">
          {" "}
          {first.range}: {heldSaid(first.rule)}
          {heldTotal > 1 && " …"}
        </span>
      )}
    </>
  );
}

export const REFUSALS: Past<Refusal> = {
  label: "Refusals",
  pathOf: (agent) => apiPath("/refusals", { agent, limit: ALL }),
  newest: reversed,
  keyOf: ({ seq }) => String(seq),
  nothing: "It has believed all that it was told.",
  columns: [
    at(),
    { head: "Feed", cell: ({ feed }) => feed },
    { head: "Code", cell: ({ code }) => <Badge tone="bad">{code}</Badge> },
    { head: "What it says", cell: ({ detail }) => <Timed says={detail} /> },
  ],
};

export const DIVERGENCES: Past<Divergence> = {
  label: "Divergences",
  pathOf: (agent) => apiPath("/divergences", { agent, limit: ALL }),
  newest: reversed,
  keyOf: ({ seq }) => String(seq),
  nothing: "Its history is the one that this cloud has.",
  columns: [
    at(),
    {
      head: "Position",
      cell: ({ feed, offset }) => `${feed} #${count(offset)}`,
    },
    { head: "Said in", cell: ({ document }) => document },
    { head: "Its hash", cell: ({ theirs }) => <code>{theirs}</code> },
    { head: "Ours", cell: ({ ours }) => <code>{ours ?? "none"}</code> },
  ],
};

const ACTIONS: Readonly<Record<Detection["action"], string>> = {
  banned: "it banned it",
  held: "its guard held the ban",
  none: "only told",
};

export const DETECTIONS: Past<Detection> = {
  label: "Detections",
  pathOf: (agent) => apiPath("/detections", { agent, limit: A_FEW }),
  newest: asItIs,
  keyOf: ({ seq, nth }) => `${seq}.${nth}`,
  nothing:
    "It has seen no attack, as far as it is kept. Its sensors, above, say whether it would.",
  columns: [
    at(),
    { head: "Attacker", cell: ({ source }) => address(source) },
    { head: "Sensor", cell: ({ sensor }) => sensor },
    {
      ...{ head: "Failures", isNumber: true },
      cell: (row) => count(row.count),
    },
    {
      head: "What it did",
      cell: ({ action, rule }) =>
        ACTIONS[action] + (rule === null ? "" : `. ${heldSaid(rule)}`),
    },
  ],
};

export const CONTACTS: Past<Contact> = {
  label: "Contacts",
  pathOf: (agent) => apiPath("/contacts", { agent, limit: A_FEW }),
  newest: asItIs,
  keyOf: ({ seq, nth }) => `${seq}.${nth}`,
  nothing: "No process there has called a banned address, as far as is kept.",
  columns: [
    at(),
    { head: "Banned address", cell: ({ range }) => address(range) },
    {
      ...{ head: "Port", isNumber: true },
      cell: ({ port }) => String(port),
    },
    {
      ...{ head: "Packets", isNumber: true },
      cell: ({ packets }) => count(packets),
    },
    { head: "Who called", cell: callerOf },
    {
      head: "How",
      cell: ({ begun, observed }) =>
        `${begun ? "it began" : "was open before"}${observed ? ", not dropped" : ""}`,
    },
  ],
};

function callerOf({ process, unit, container, forwarded }: Contact): string {
  if (forwarded) return "passed through";
  const who = [process, unit, container].filter((each) => each !== null);
  return who.length === 0 ? "not known" : who.join(", ");
}

export const STATEMENTS: Past<Statement> = {
  label: "Statements",
  pathOf: (agent) => apiPath("/statements", { agent, limit: A_FEW }),
  newest: asItIs,
  keyOf: ({ seq, nth }) => `${seq}.${nth}`,
  nothing: "Nothing changed there after its receipts.",
  columns: [
    at(),
    {
      head: "It signed that",
      cell: ({ statement }) => statementSays(statement),
    },
  ],
};

export const CLONES: Past<Clone> = {
  label: "Clones",
  pathOf: () => apiPath("/clones", { limit: ALL }),
  newest: (items, own) => items.filter(({ agent }) => agent === own),
  keyOf: ({ seq }) => String(seq),
  nothing: "One process has its key, as far as anybody has seen.",
  columns: [
    at("Noticed"),
    { head: "One", cell: ({ returned }) => bootSays(returned) },
    { head: "The other", cell: ({ newer }) => bootSays(newer) },
    {
      head: "Seen to",
      cell: ({ clearedAt }) =>
        clearedAt === null ? (
          <Badge tone="bad">not yet</Badge>
        ) : (
          <Time at={clearedAt} />
        ),
    },
  ],
};

const bootSays = ({ address: from, version }: Clone["newer"]) => (
  <>
    from {from} <span class="faint">version {version}</span>
  </>
);
