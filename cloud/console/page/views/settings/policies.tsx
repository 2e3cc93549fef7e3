import type { Answers, Page } from "../../api-types.js";
import { Head, Nothing, Shown, count } from "../../parts/bits.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { session } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import { SettingsFrame } from "./frame.js";
import { OrgPolicy } from "./policy.js";

type Org = Answers["listOrgs"]["items"][number];
type Policy = Answers["listPolicies"]["items"][number];

interface Row {
  readonly org: Org;
  readonly policy: Policy | undefined;
}

/** What customers want of their hosts; an org's people have their own. */
export function Policies() {
  const own = session.value?.operator.org ?? null;
  return (
    <SettingsFrame>
      {own === null ? <AllPolicies /> : <OrgPolicy org={own} />}
    </SettingsFrame>
  );
}

function AllPolicies() {
  const orgs = useAsked<Page<Org>>("/orgs", { on: ["org"] });
  const policies = useAsked<Page<Policy>>("/policies", { on: ["policy"] });
  const of = new Map(policies.data?.items.map((each) => [each.org, each]));
  return (
    <>
      <Head title="Policies" />
      <p class="faint">
        What a customer wants of its own hosts, whatever feeds say: signed, with
        a version and an end.
      </p>
      <Shown asked={orgs}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>There is no customer yet.</Nothing>
          ) : (
            <PlainTable
              label="Customers and their policies"
              columns={COLUMNS}
              rows={items.map((org) => ({ org, policy: of.get(org.id) }))}
              keyOf={({ org }) => org.id}
            />
          )
        }
      </Shown>
    </>
  );
}

const none = <span class="faint">none</span>;

const COLUMNS: readonly PlainColumn<Row>[] = [
  {
    head: "Customer",
    cell: ({ org }) => (
      <a href={to(`/settings/policies/${org.id}`)}>{org.name}</a>
    ),
  },
  {
    ...{ head: "Version", isNumber: true },
    cell: ({ policy }) => policy?.version ?? none,
  },
  {
    ...{ head: "Ranges let through", isNumber: true },
    cell: ({ policy }) => (policy === undefined ? "" : count(policy.ranges)),
  },
  {
    head: "Published",
    cell: ({ policy }) =>
      policy === undefined ? (
        ""
      ) : (
        <>
          <Time at={policy.publishedAt} as="date" />{" "}
          <span class="faint">by {policy.publishedBy}</span>
        </>
      ),
  },
  {
    head: "Ends",
    cell: ({ policy }) =>
      policy === undefined ? "" : <Until at={policy.expiresAt} />,
  },
];
