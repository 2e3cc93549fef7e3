import type { Page } from "../../api-types.js";
import { Badge, Nothing, Panel, Shown } from "../../parts/bits.js";
import { ChoiceField } from "../../parts/fields.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time } from "../../parts/time.js";
import { query, setQuery } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import { Beside } from "./shadow.js";
import type { RulesTold, Version } from "./told.js";

/** The last versions, and what one changed of another. */
export function Versions({ rules }: { readonly rules: RulesTold }) {
  const asked = useAsked<Page<Version>>("/rules/versions", { on: ["rules"] });
  return (
    <Shown asked={asked}>
      {({ items }) =>
        items.length === 0 ? (
          <Nothing>
            Nothing was published yet: what the cloud's settings say decides.
          </Nothing>
        ) : (
          <div class="stack">
            <PlainTable
              label="Versions"
              columns={columnsFor(rules)}
              rows={items}
              keyOf={({ version }) => String(version)}
            />
            <Compared items={items} rules={rules} />
          </div>
        )
      }
    </Shown>
  );
}

const columnsFor = (rules: RulesTold): readonly PlainColumn<Version>[] => [
  {
    ...{ head: "Version", isNumber: true },
    cell: ({ version }) => String(version),
  },
  {
    head: "State",
    cell: (version) => <State version={version} rules={rules} />,
  },
  { head: "Published", cell: ({ at }) => <Time at={at} as="date" /> },
  { head: "By", cell: ({ by }) => by },
  {
    head: "Until",
    cell: ({ endedAt }) =>
      endedAt === null ? "now" : <Time at={endedAt} as="date" />,
  },
  {
    head: "Difference",
    cell: ({ version }) => (
      <button
        type="button"
        class="link"
        onClick={() =>
          setQuery({ to: String(version), from: String(version - 1) })
        }
      >
        from version {version - 1}
      </button>
    ),
  },
];

function State({
  version: { version, mode, endedAt },
  rules,
}: {
  readonly version: Version;
  readonly rules: RulesTold;
}) {
  if (version === rules.inForce.version) {
    return <Badge tone="good">in force</Badge>;
  }
  if (mode === "in-force") return <Badge>decided</Badge>;
  return <Badge>{endedAt === null ? "in the shadow" : "was watched"}</Badge>;
}

/** One version beside another; which ones stands in the address. */
function Compared({
  items,
  rules,
}: {
  readonly items: readonly Version[];
  readonly rules: RulesTold;
}) {
  const [newest] = items;
  const after = query.value.get("to") ?? String(newest?.version ?? 0);
  const before = query.value.get("from") ?? String(rules.inForce.version);
  const choices = [...items.map(({ version }) => version), 0].map(
    (version) =>
      [
        String(version),
        version === 0 ? "0: the settings" : String(version),
      ] as const,
  );
  return (
    <Panel title="The difference">
      <div class="row">
        <ChoiceField
          label="From version"
          value={before}
          choices={choices}
          onChange={(version) => setQuery({ from: version })}
        />
        <ChoiceField
          label="to version"
          value={after}
          choices={choices}
          onChange={(version) => setQuery({ to: version })}
        />
      </div>
      <Beside version={Number(after)} inForce={Number(before)} />
    </Panel>
  );
}
