import { Badge, Head, Shown, count, counted } from "../../parts/bits.js";
import { Tabs } from "../../parts/tabs.js";
import { Time } from "../../parts/time.js";
import { query, setQuery } from "../../router.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { InForce } from "./in-force.js";
import { OrgStanding } from "./org-standing.js";
import { Shadow } from "./shadow.js";
import { TryRules } from "./try-rules.js";
import { Versions } from "./versions.js";
import type { RulesTold } from "./told.js";

/** Which part is seen, and its place in the address. */
const PARAMETER = "of";

/** What bans by itself: as it is, in the shadow, tried on history, and published. */
export function Rules() {
  const asked = useAsked<RulesTold>("/rules", {
    ...{ every: 5_000, on: ["rules"] },
  });
  const shown = query.value.get(PARAMETER) ?? "now";
  return (
    <div class="view">
      <Head title="Rules">{asked.data && <Rate rules={asked.data} />}</Head>
      <Shown asked={asked}>
        {(rules) => (
          <>
            <Alarms rules={rules} />
            <Tabs
              label="Rules"
              tabs={tabsOf(rules)}
              shown={shown}
              onShow={(id) => setQuery({ [PARAMETER]: id })}
            >
              <Part shown={shown} rules={rules} />
            </Tabs>
          </>
        )}
      </Shown>
    </div>
  );
}

const tabsOf = ({ shadow }: RulesTold) => [
  { id: "now", says: "In force" },
  {
    id: "shadow",
    says: shadow === null ? "Shadow" : `Shadow: version ${shadow.version}`,
  },
  ...(may("analyst") ? [{ id: "try", says: "Try and publish" }] : []),
  { id: "versions", says: "Versions" },
  { id: "orgs", says: "Whose word counts" },
];

function Part({
  shown,
  rules,
}: {
  readonly shown: string;
  readonly rules: RulesTold;
}) {
  if (shown === "shadow") return <Shadow rules={rules} />;
  if (shown === "versions") return <Versions rules={rules} />;
  if (shown === "orgs") return <OrgStanding />;
  if (shown === "try" && may("analyst")) return <TryRules rules={rules} />;
  return <InForce rules={rules} />;
}

/** How much of what rules may do in a minute is left. */
function Rate({ rules }: { readonly rules: RulesTold }) {
  const { maxPerMinute, left, waiting, reachedSince } = rules;
  return (
    <span class="faint">
      {count(Math.floor(left))} of {count(maxPerMinute)} bans left in this
      minute
      {waiting > 0 &&
        `, ${counted(waiting, "attacker waits", "attackers wait")}`}
      {reachedSince !== null && (
        <>
          {" "}
          <Badge tone="warn">
            full since <Time at={reachedSince} as="clock" />
          </Badge>
        </>
      )}
    </span>
  );
}

/** When rules last wanted more than they may. */
function Alarms({
  rules: { alarms, unproposed },
}: {
  readonly rules: RulesTold;
}) {
  const [newest] = alarms;
  return (
    <>
      {newest !== undefined && (
        <p class="faint">
          Rules wanted more than {counted(newest.maxPerMinute, "ban")} a minute{" "}
          <Time at={newest.at} />, mostly for{" "}
          {newest.orgs
            .slice(0, 3)
            .map(({ org }) => org)
            .join(", ") || "nobody alone"}
          {alarms.length > 1 && `; ${count(alarms.length)} times in all`}.
        </p>
      )}
      {unproposed > 0 && (
        <p>
          <Badge tone="bad">{count(unproposed)} not proposed</Badge> There was
          no room for what a person should decide on: settle what waits in
          Proposals.
        </p>
      )}
    </>
  );
}
