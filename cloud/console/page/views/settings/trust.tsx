import { useEffect, useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import {
  Badge,
  Facts,
  Failure,
  Head,
  Nothing,
  Panel,
  Shown,
} from "../../parts/bits.js";
import { JsonShown } from "../../parts/json-shown.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time, Until } from "../../parts/time.js";
import { useAsked } from "../../use-asked.js";
import { SettingsFrame } from "./frame.js";

type Approval = Answers["listApprovals"]["items"][number];

/** What hosts believe, and what critical keys allow beyond the usual. */
export function Trust() {
  const approvals = useAsked<Page<Approval>>("/approvals", { on: ["trust"] });
  return (
    <SettingsFrame>
      <Head title="Keys and approvals" />
      <p class="faint">
        Both are signed by hand, away from the cloud, with tourniquet-cloud root
        and tourniquet-cloud approval. Here they are read.
      </p>
      <Root />
      <Panel title="Approvals: what feeds may do beyond the usual">
        <Shown asked={approvals}>
          {({ items }) => <Approvals approvals={items} />}
        </Shown>
      </Panel>
    </SettingsFrame>
  );
}

function Approvals({ approvals }: { readonly approvals: readonly Approval[] }) {
  if (approvals.length === 0) {
    return (
      <Nothing>
        There is none: no feed may ban wide ranges, and all keep to the usual
        limits.
      </Nothing>
    );
  }
  return (
    <ul class="stack">
      {approvals.map((approval) => (
        <li key={approval.feed}>
          <h3>
            {approval.feed}, version {approval.version}
          </h3>
          <Facts
            of={[
              ["Ends", <Until at={approval.expiresAt} />],
              [
                "Published",
                <>
                  <Time at={approval.publishedAt} as="date" /> by{" "}
                  {approval.publishedBy}
                </>,
              ],
              ["Signatures", signersOf(approval.text)],
              ["It says", <JsonShown of={allowedBy(approval)} />],
            ]}
          />
        </li>
      ))}
    </ul>
  );
}

const signersOf = ({ signatures }: Signed) =>
  signatures.map(({ key }) => key).join(", ");

/** Of what was signed, what is not told already. */
function allowedBy({ text }: Approval): unknown {
  const told = new Set(["type", "format", "feed", "version"]);
  const times = new Set(["issuedAt", "expiresAt"]);
  const said = JSON.parse(text.signed) as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(said).filter(
      ([name]) => !told.has(name) && !times.has(name),
    ),
  );
}

interface Signed {
  readonly signed: string;
  readonly signatures: readonly { readonly key: string }[];
}

/** What of a root is shown; PROTOCOL.md has it whole. */
interface RootText {
  readonly version: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly roles: Readonly<
    Record<
      string,
      { readonly keys: readonly string[]; readonly threshold: number }
    >
  >;
}

/** The root that hosts believe: it is public, and lies where hosts read it. */
function useRoot() {
  const [root, setRoot] = useState<RootText | undefined>();
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    fetchedRoot().then(setRoot, setError);
  }, []);
  return { root, error };
}

async function fetchedRoot(): Promise<RootText> {
  const response = await fetch("/v1/root");
  const { signed } = (await response.json()) as Signed;
  return JSON.parse(signed) as RootText;
}

const PURPOSES: Readonly<Record<string, string>> = {
  root: "signs the next root",
  content: "signs what feeds say",
  head: "signs where feeds stand, and when",
  critical: "signs approvals: wide ranges and higher limits",
  log: "signs the tree of all that was ever decided",
  policy: "signs what customers want of their hosts",
};

type RoleRow = readonly [string, RootText["roles"][string]];

const ROLES: readonly PlainColumn<RoleRow>[] = [
  { head: "For", cell: ([name]) => name },
  { head: "It", cell: ([name]) => PURPOSES[name] ?? "is not known here" },
  {
    head: "Takes",
    cell: ([, { threshold, keys }]) => `${threshold} of ${keys.length}`,
  },
  {
    head: "Keys",
    cell: ([, { keys }]) => <code>{keys.join(", ")}</code>,
  },
];

/** How long before a root runs out somebody should see to it: 30 days. */
const SOON_MS = 30 * 86_400_000;

function Root() {
  const { root, error } = useRoot();
  return (
    <Panel title="The root: which keys hosts believe">
      {error !== undefined && <Failure error={error} />}
      {root !== undefined && (
        <div class="stack">
          <Facts
            of={[
              ["Version", root.version],
              ["Signed", <Time at={isoOf(root.issuedAt)} as="date" />],
              ["Ends", <RootEnd root={root} />],
            ]}
          />
          <PlainTable
            label="Keys by what they are for"
            columns={ROLES}
            rows={Object.entries(root.roles)}
            keyOf={([name]) => name}
          />
        </div>
      )}
    </Panel>
  );
}

const isoOf = (at: number): string => new Date(at).toISOString();

function RootEnd({ root: { expiresAt } }: { readonly root: RootText }) {
  const left = expiresAt - Date.now();
  return (
    <>
      <Until at={isoOf(expiresAt)} />{" "}
      {left < SOON_MS && (
        <Badge tone={left < 0 ? "bad" : "warn"}>publish the next one</Badge>
      )}
    </>
  );
}
