import { useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Badge, count, Head, Nothing, Shown } from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { ChoiceField } from "../../parts/fields.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { ThingLink } from "../../parts/thing-link.js";
import { Time, Until } from "../../parts/time.js";
import { query, setQuery } from "../../router.js";
import { isVendor, may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { EnrolDialog } from "./enrol-dialog.js";
import { SettingsFrame } from "./frame.js";

type Token = Answers["listEnrolmentTokens"]["items"][number];

/** The tokens by which hosts come in. */
export function Enrolment() {
  const org = query.value.get("org") ?? "";
  const isAll = query.value.get("all") === "true";
  const path = apiPath("/enrolment-tokens", {
    ...{ org, limit: 100, open: isAll ? undefined : "true" },
  });
  const asked = useAsked<Page<Token>>(path, { on: ["org", "agent"] });
  const [isMaking, setMaking] = useState(false);
  const [revoking, setRevoking] = useState<Token | undefined>();
  return (
    <SettingsFrame>
      <Head title="New hosts">
        {isVendor.value && <OrgChoice org={org} />}
        <label class="check">
          <input
            type="checkbox"
            checked={isAll}
            onChange={({ currentTarget }) =>
              setQuery({ all: currentTarget.checked ? "true" : undefined })
            }
          />
          those that were used or are over, too
        </label>
        {may("admin") && (
          <button type="button" class="main" onClick={() => setMaking(true)}>
            Make a token…
          </button>
        )}
      </Head>
      <p class="faint">
        A host comes in by a token, which is given to tourniquet on that host,
        once. It is good for one host, or for as many as were said.
      </p>
      <Shown asked={asked}>
        {({ items }) => <Tokens tokens={items} onRevoke={setRevoking} />}
      </Shown>
      {isMaking && (
        <EnrolDialog
          org={org}
          onClose={() => setMaking(false)}
          onDone={asked.refresh}
        />
      )}
      {revoking !== undefined && (
        <ChangeDialog
          onClose={() => setRevoking(undefined)}
          plan={{
            title: `Revoke a token of ${revoking.org}`,
            ...{ verb: "Revoke it", isDanger: true, method: "DELETE" },
            path: `/enrolment-tokens/${revoking.id}`,
            reason: "optional",
            done: "No host comes in by it any more",
            onDone: asked.refresh,
            children: (
              <p>No host comes in by it any more; who came in stays.</p>
            ),
          }}
        />
      )}
    </SettingsFrame>
  );
}

function OrgChoice({ org }: { readonly org: string }) {
  const { data } =
    useAsked<Page<Answers["listOrgs"]["items"][number]>>("/orgs");
  return (
    <ChoiceField
      label="Customer"
      value={org}
      choices={[
        ["", "all"],
        ...(data?.items ?? []).map(({ id, name }) => [id, name] as const),
      ]}
      onChange={(id) => setQuery({ org: id })}
    />
  );
}

function Tokens({
  tokens,
  onRevoke,
}: {
  readonly tokens: readonly Token[];
  readonly onRevoke: (token: Token) => void;
}) {
  if (tokens.length === 0) {
    return (
      <Nothing>
        There is none by which a host could come in now
        {may("admin") ? ": make one." : "; an admin makes them."}
      </Nothing>
    );
  }
  const columns = isVendor.value
    ? COLUMNS
    : COLUMNS.filter(({ head }) => head !== "Customer");
  return (
    <PlainTable
      label="Enrolment tokens"
      columns={may("admin") ? [...columns, revokeBy(onRevoke)] : columns}
      rows={tokens}
      keyOf={({ id }) => id}
    />
  );
}

const isOpen = ({ used, uses, revokedAt, expiresAt }: Token): boolean =>
  used < uses && revokedAt === null && Date.parse(expiresAt) > Date.now();

const COLUMNS: readonly PlainColumn<Token>[] = [
  { head: "Customer", cell: ({ org }) => org },
  {
    head: "For",
    cell: ({ label }) =>
      label === "" ? <span class="faint">not said</span> : label,
  },
  { head: "State", cell: (token) => <State token={token} /> },
  {
    head: "Begins as",
    cell: ({ mode }) => (mode === "observe" ? "only counts" : "enforces"),
  },
  {
    head: "Made",
    cell: ({ madeAt, madeBy }) => (
      <>
        <Time at={madeAt} /> <span class="faint">by {madeBy}</span>
      </>
    ),
  },
  { head: "Called, from", cell: (token) => <Terms of={token} /> },
  { head: "Ends", cell: ({ expiresAt }) => <Until at={expiresAt} /> },
];

/** What hosts that come in by it are called by, and where they come from. */
function Terms({ of: { tags, networks } }: { readonly of: Token }) {
  const from = networks.length === 0 ? ["anywhere"] : networks;
  return (
    <>
      {tags.map((tag) => (
        <Badge key={tag}>{tag}</Badge>
      ))}{" "}
      <span class="faint">{from.join(", ")}</span>
    </>
  );
}

function State({ token }: { readonly token: Token }) {
  const { uses, used, usedBy, usedAt, revokedAt, revokedBy } = token;
  if (uses === 1 && usedBy !== null) {
    return (
      <>
        <ThingLink id={usedBy} /> came in <Time at={usedAt} />
      </>
    );
  }
  if (revokedAt !== null) {
    return <Badge>revoked by {revokedBy ?? "nobody"}</Badge>;
  }
  const came = uses === 1 ? "" : `: ${count(used)} of ${count(uses)} came in`;
  if (isOpen(token)) return <Badge tone="good">open{came}</Badge>;
  return <Badge>over{came}</Badge>;
}

const revokeBy = (onRevoke: (token: Token) => void): PlainColumn<Token> => ({
  head: "Change",
  cell: (token) =>
    isOpen(token) && (
      <button type="button" class="link" onClick={() => onRevoke(token)}>
        Revoke…
      </button>
    ),
});
