import { useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import { Badge, Nothing, Shown, counted } from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { ChoiceField } from "../../parts/fields.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor, may } from "../../session.js";
import { useAsked } from "../../use-asked.js";

export type Weight = Answers["listOrgWeights"]["items"][number];

/** What customers' word weighs in rules, and why. */
export function OrgStanding() {
  const asked = useAsked<Page<Weight>>("/org-weights", {
    ...{ every: 15_000, on: ["org", "proposal"] },
  });
  const [vouching, setVouching] = useState<Weight | undefined>();
  return (
    <div class="stack">
      <p class="faint">
        What hosts of a customer saw counts toward a ban for everybody by this
        weight, from 0 to 1. It grows with hosts that have been there for long
        enough, and with attackers that others saw, too; what was found wrong
        lowers it.
      </p>
      <Shown asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>There is no customer yet. Settings adds one.</Nothing>
          ) : (
            <PlainTable
              label="Customers and what their word weighs"
              columns={[
                ...COLUMNS,
                ...(may("admin") && isVendor.value
                  ? [vouchColumn(setVouching)]
                  : []),
              ]}
              rows={items}
              keyOf={({ org }) => org}
            />
          )
        }
      </Shown>
      {vouching !== undefined && (
        <VouchDialog
          weight={vouching}
          onClose={() => setVouching(undefined)}
          onDone={asked.refresh}
        />
      )}
    </div>
  );
}

const COLUMNS: readonly PlainColumn<Weight>[] = [
  { head: "Customer", cell: ({ org }) => org },
  {
    ...{ head: "Weight", isNumber: true },
    cell: ({ weight }) => <strong>{weight.toFixed(2)}</strong>,
  },
  {
    head: "Hosts of standing",
    cell: ({ hosts, hostsNeeded }) => <Part has={hosts} needs={hostsNeeded} />,
  },
  {
    head: "Confirmed by others",
    cell: ({ confirmed, confirmedNeeded }) => (
      <Part has={confirmed} needs={confirmedNeeded} />
    ),
  },
  { head: "Found wrong", cell: blamesOf },
  { head: "Vouched for", cell: vouchOf },
  {
    head: "Came along with",
    cell: ({ batch }) =>
      batch === 0 ? (
        <span class="faint">–</span>
      ) : (
        `${counted(batch, "customer")} of the same day, which weigh as one`
      ),
  },
];

function Part({
  has,
  needs,
}: {
  readonly has: number;
  readonly needs: number;
}) {
  return has >= needs ? (
    <span>enough</span>
  ) : (
    <Badge tone="warn">
      {has} of {needs}
    </Badge>
  );
}

const WHY: Readonly<Record<Weight["blames"][number]["why"], string>> = {
  released: "released",
  undone: "undone",
  shortened: "shortened",
  refused: "refused",
};

function blamesOf({ blames }: Weight) {
  if (blames.length === 0) return <span class="faint">nothing</span>;
  return (
    <ul>
      {blames.slice(0, 4).map(({ id, why, share }) => (
        <li key={id}>
          <a
            href={to(
              `/${id.startsWith("dec-") ? "decisions" : "proposals"}/${id}`,
            )}
          >
            {id}
          </a>{" "}
          {WHY[why]} <span class="faint">costs {share.toFixed(2)}</span>
        </li>
      ))}
      {blames.length > 4 && <li class="faint">and {blames.length - 4} more</li>}
    </ul>
  );
}

function vouchOf({ vouch }: Weight) {
  if (vouch === null) return <span class="faint">by nobody</span>;
  const { by, why, expiresAt } = vouch;
  return (
    <>
      by {by}: {why}{" "}
      <span class="faint">
        ends <Until at={expiresAt} />
      </span>
    </>
  );
}

const vouchColumn = (
  onChoose: (weight: Weight) => void,
): PlainColumn<Weight> => ({
  head: "Change",
  cell: (weight) => (
    <button type="button" class="link" onClick={() => onChoose(weight)}>
      {weight.vouch === null ? "Vouch…" : "Withdraw…"}
    </button>
  ),
});

const TERMS = [
  ["30d", "30 days"],
  ["90d", "90 days"],
  ["180d", "half a year"],
  ["365d", "a year"],
] as const;

function VouchDialog({
  weight: { org, vouch },
  onClose,
  onDone,
}: {
  readonly weight: Weight;
  readonly onClose: () => void;
  readonly onDone: () => void;
}) {
  const [term, setTerm] = useState("90d");
  const path = `/orgs/${encodeURIComponent(org)}/vouch`;
  if (vouch !== null) {
    return (
      <ChangeDialog
        onClose={onClose}
        plan={{
          title: `Vouch for ${org} no more`,
          ...{ verb: "Withdraw it", method: "DELETE", path, onDone },
          reason: "optional",
          done: `${org} counts by its own standing`,
          children: <p>Its word counts by its own standing, from now on.</p>,
        }}
      />
    );
  }
  return (
    <ChangeDialog
      onClose={onClose}
      plan={{
        title: `Vouch for ${org}`,
        ...{ verb: "Vouch for it", method: "POST", path, onDone },
        reason: "needed",
        bodyOf: (why) => ({ why, for: term }),
        done: `${org} is vouched for`,
        children: (
          <>
            <p>
              What its hosts say counts toward bans everywhere at once, as if it
              had been here for long. A second person has to release it.
            </p>
            <ChoiceField
              label="For how long"
              value={term}
              choices={TERMS}
              onChange={setTerm}
            />
          </>
        ),
      }}
    />
  );
}
