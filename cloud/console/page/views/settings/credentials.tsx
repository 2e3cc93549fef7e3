import { useEffect, useState } from "preact/hooks";
import type { Credential, Page } from "../../api-types.js";
import { Badge, Nothing, Shown } from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time, Until } from "../../parts/time.js";
import { useAsked } from "../../use-asked.js";

/**
 * What somebody proves themselves with, and what they did.
 * @param round another one asks anew
 */
export function Credentials({
  operator,
  round,
  isOwn = false,
  mayRevoke = isOwn,
}: {
  readonly operator: string;
  readonly round: number;
  readonly isOwn?: boolean;
  readonly mayRevoke?: boolean;
}) {
  const asked = useAsked<Page<Credential>>(
    `/operators/${encodeURIComponent(operator)}/credentials`,
    { on: ["people"] },
  );
  const { refresh } = asked;
  useEffect(() => {
    if (round > 0) refresh();
  }, [round, refresh]);
  const [revoking, setRevoking] = useState<Credential | undefined>();
  return (
    <>
      <Shown asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>
              Nothing yet, so there is no way in: set a password, make a token,
              or let them sign in with their company.
            </Nothing>
          ) : (
            <PlainTable
              label="Passwords, passkeys and tokens"
              columns={
                mayRevoke ? [...COLUMNS, revokeBy(setRevoking)] : COLUMNS
              }
              rows={items}
              keyOf={({ id }) => id}
            />
          )
        }
      </Shown>
      {revoking !== undefined && (
        <RevokeDialog
          credential={revoking}
          onClose={() => setRevoking(undefined)}
          onDone={refresh}
        />
      )}
    </>
  );
}

const COLUMNS: readonly PlainColumn<Credential>[] = [
  {
    head: "What",
    cell: ({ of, label }) => (
      <>
        {of}{" "}
        {label !== "" && label !== of && <span class="faint">{label}</span>}
      </>
    ),
  },
  { head: "State", cell: (credential) => <State credential={credential} /> },
  {
    head: "May do as much as",
    cell: ({ role }) => role ?? <span class="faint">its owner</span>,
  },
  {
    head: "Made",
    cell: ({ addedAt, addedBy }) => (
      <>
        <Time at={addedAt} as="date" /> <span class="faint">by {addedBy}</span>
      </>
    ),
  },
  {
    head: "Ends",
    cell: ({ expiresAt }) =>
      expiresAt === null ? "never" : <Until at={expiresAt} />,
  },
  { head: "Id", cell: ({ id }) => <code>{id}</code> },
];

const isGood = ({ revokedAt, expiresAt }: Credential): boolean =>
  revokedAt === null &&
  (expiresAt === null || Date.parse(expiresAt) > Date.now());

function State({ credential }: { readonly credential: Credential }) {
  const { revokedAt, revokedBy, revokedWhy } = credential;
  if (revokedAt !== null) {
    const why = revokedWhy === null ? "" : `: ${revokedWhy}`;
    return (
      <span title={`by ${revokedBy ?? "nobody"}${why}`}>
        <Badge>revoked</Badge>
      </span>
    );
  }
  if (!isGood(credential)) return <Badge>over</Badge>;
  return <Badge tone="good">counts</Badge>;
}

const revokeBy = (
  onChoose: (credential: Credential) => void,
): PlainColumn<Credential> => ({
  head: "Change",
  cell: (credential) =>
    isGood(credential) && (
      <button type="button" class="link" onClick={() => onChoose(credential)}>
        End…
      </button>
    ),
});

function RevokeDialog({
  credential: { id, of, label },
  onClose,
  onDone,
}: {
  readonly credential: Credential;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const what = label === "" ? `the ${of}` : `the ${of} “${label}”`;
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `Revoke ${what}`,
        ...{ verb: "Revoke it", isDanger: true, method: "DELETE", onDone },
        path: `/credentials/${id}`,
        reason: "optional",
        done: `${what} counts no more`,
        children: <p>It counts no more, from this moment on.</p>,
      }}
    />
  );
}
