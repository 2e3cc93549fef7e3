import { useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import {
  Badge,
  Facts,
  Nothing,
  Panel,
  Shown,
  count,
} from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time, span } from "../../parts/time.js";
import { to } from "../../router.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { Difference } from "./difference.js";
import { vetoSays } from "./veto-words.js";
import type { RulesText, RulesTold } from "./told.js";

type ShadowBan = Answers["listShadowBans"]["items"][number];
type Watched = NonNullable<RulesTold["shadow"]>;

/** What rules would have banned that only watch. */
export function Shadow({ rules }: { readonly rules: RulesTold }) {
  const { shadow, inForce } = rules;
  if (shadow === null) {
    return (
      <Nothing>
        No rules stand in the shadow. Whoever tries a text can have it watched
        for a while, beside those in force: it bans nobody.
      </Nothing>
    );
  }
  return <Watching shadow={shadow} inForce={inForce.version} />;
}

function Watching({
  shadow,
  inForce,
}: {
  readonly shadow: Watched;
  readonly inForce: number;
}) {
  const { version, by, at } = shadow;
  const [isEnding, setEnding] = useState(false);
  return (
    <div class="stack">
      <div class="row">
        <Facts
          of={[
            ["Watched since", <Time at={at} as="date" />],
            ["By", by ?? "nobody"],
          ]}
        />
        {may("analyst") && (
          <button type="button" onClick={() => setEnding(true)}>
            Watch it no more…
          </button>
        )}
      </div>
      <Counts shadow={shadow} />
      <WouldBe version={version} />
      <Panel title={`Version ${version} beside ${inForce}, which is in force`}>
        <Beside version={version} inForce={inForce} />
      </Panel>
      {isEnding && (
        <ChangeDialog
          onClose={() => setEnding(false)}
          plan={{
            title: `Watch version ${version} no more`,
            ...{ verb: "Watch it no more", method: "DELETE" },
            path: "/rules/shadow",
            done: "No rules are watched any more",
            children: <p>Its counts end; its text stays among the versions.</p>,
          }}
        />
      )}
    </div>
  );
}

const COUNTS: readonly PlainColumn<Watched["counts"][number]>[] = [
  { head: "Rule", cell: ({ rule }) => rule },
  {
    ...{ head: "Would have banned", isNumber: true },
    cell: ({ bans }) => count(bans),
  },
  {
    ...{ head: "Of these, before a person", isNumber: true },
    cell: ({ vetoed }) => count(vetoed),
  },
  {
    ...{ head: "Banned already", isNumber: true },
    cell: ({ stood }) => count(stood),
  },
];

function Counts({ shadow }: { readonly shadow: Watched }) {
  return (
    <Panel title="What it would have done since">
      {shadow.counts.length === 0 ? (
        <Nothing>Nothing yet: nobody did what its rules look for.</Nothing>
      ) : (
        <PlainTable
          label="By rule"
          columns={COUNTS}
          rows={shadow.counts}
          keyOf={({ rule }) => rule}
        />
      )}
    </Panel>
  );
}

const BANS: readonly PlainColumn<ShadowBan>[] = [
  { head: "When", cell: ({ at }) => <Time at={at} /> },
  {
    head: "Attacker",
    cell: ({ attacker }) => (
      <a href={to("/address", { of: attacker })}>{attacker}</a>
    ),
  },
  { head: "Rule", cell: ({ rule }) => rule },
  { head: "For", cell: ({ lasts }) => span(lasts * 1_000) },
  {
    ...{ head: "Customers", isNumber: true },
    cell: ({ orgs }) => count(orgs),
  },
  { ...{ head: "Hosts", isNumber: true }, cell: ({ hosts }) => count(hosts) },
  {
    ...{ head: "Sure", isNumber: true },
    cell: ({ confidence }) => `${Math.round(confidence * 100)} %`,
  },
  { head: "But", cell: butOf },
];

function butOf({ veto, stood }: ShadowBan) {
  if (veto !== null)
    return <Badge tone="warn">{vetoSays({ why: veto })}</Badge>;
  return stood ? <Badge>banned already</Badge> : "";
}

function WouldBe({ version }: { readonly version: number }) {
  const asked = useAsked<Page<ShadowBan>>("/rules/shadow?limit=100", {
    every: 5_000,
  });
  return (
    <Panel title="Whom it would have banned">
      <Shown asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>Nobody yet.</Nothing>
          ) : (
            <PlainTable
              label={`Bans that version ${version} would have made`}
              columns={BANS}
              rows={items}
              keyOf={({ attacker, at }) => `${attacker} ${at}`}
            />
          )
        }
      </Shown>
    </Panel>
  );
}

/** Two versions, line by line. */
export function Beside({
  version,
  inForce,
}: {
  readonly version: number;
  readonly inForce: number;
}) {
  const before = useAsked<RulesText>(`/rules/versions/${inForce}`);
  const after = useAsked<RulesText>(`/rules/versions/${version}`);
  return (
    <Shown asked={before}>
      {(from) => (
        <Shown asked={after}>
          {({ text }) => <Difference before={from.text} after={text} />}
        </Shown>
      )}
    </Shown>
  );
}
