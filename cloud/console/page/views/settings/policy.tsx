import { useState } from "preact/hooks";
import type { Answers, Page } from "../../api-types.js";
import {
  Badge,
  Facts,
  Head,
  Nothing,
  Panel,
  Shown,
  count,
} from "../../parts/bits.js";
import { ChangeDialog } from "../../parts/change.js";
import { HostLink } from "../../parts/host-link.js";
import { PlainTable, type PlainColumn } from "../../parts/plain-table.js";
import { ThingLink } from "../../parts/thing-link.js";
import { Time, Until } from "../../parts/time.js";
import { may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import type { ViewProps } from "../../view-props.js";
import { RuleText } from "../rules/rule-text.js";
import { SettingsFrame } from "./frame.js";
import { PolicyEditor } from "./policy-editor.js";

export type PolicyTold = Answers["showPolicy"];

/** The policy of one customer, by its address. */
export function Policy({ id }: ViewProps) {
  return (
    <SettingsFrame>
      <OrgPolicy org={id} />
    </SettingsFrame>
  );
}

/** The policy of one customer, if there is one. */
export function OrgPolicy({ org }: { readonly org: string }) {
  const all = useAsked<Page<Answers["listPolicies"]["items"][number]>>(
    "/policies",
    { on: ["policy"] },
  );
  const isThere = all.data?.items.some((each) => each.org === org);
  const path = `/orgs/${encodeURIComponent(org)}/policy`;
  const asked = useAsked<PolicyTold>(isThere === true ? path : undefined, {
    on: ["policy"],
  });
  const [isEditing, setEditing] = useState(false);
  const { data: policy, refresh } = asked;
  const isMissing = isThere === false;
  if (isEditing) {
    return (
      <>
        <Head title={`Policy of ${org}`} />
        <PolicyEditor
          org={org}
          before={policy?.file}
          onClose={() => setEditing(false)}
          onDone={() => {
            all.refresh();
            refresh();
          }}
        />
      </>
    );
  }
  return (
    <>
      <Head title={`Policy of ${org}`}>
        {may("approver") && (policy !== undefined || isMissing) && (
          <button type="button" class="main" onClick={() => setEditing(true)}>
            {isMissing ? "Write the first…" : "Change it…"}
          </button>
        )}
      </Head>
      {isMissing ? (
        <Nothing>
          There is none: hosts go by what feeds say and by their own settings.
        </Nothing>
      ) : (
        <Shown
          asked={isThere === undefined ? { ...all, data: undefined } : asked}
        >
          {(known) => <Known policy={known} refresh={refresh} />}
        </Shown>
      )}
    </>
  );
}

function Known({
  policy,
  refresh,
}: {
  readonly policy: PolicyTold;
  readonly refresh: () => void;
}) {
  const { version, publishedAt, publishedBy, expiresAt, feeds } = policy;
  const { all, current } = policy.hosts;
  return (
    <>
      <Facts
        of={[
          ["Version", version],
          [
            "Published",
            <>
              <Time at={publishedAt} as="date" /> by {publishedBy}
            </>,
          ],
          ["Ends", <Until at={expiresAt} />],
          ["Goes by it", `${count(current)} of ${count(all)} hosts`],
          ...(feeds.length === 0
            ? []
            : [["Groups with a feed", feedsSay(feeds)] as const]),
        ]}
      />
      <Panel title="The text">
        <RuleText text={policy.file} />
      </Panel>
      <Holds policy={policy} refresh={refresh} />
      <Others policy={policy} />
    </>
  );
}

const feedsSay = (feeds: PolicyTold["feeds"]): string =>
  feeds
    .map(
      ({ group, feed, hosts }) => `${group} (${feed}): ${count(hosts)} hosts`,
    )
    .join(", ");

type Hold = PolicyTold["holds"][number];

const HOLDS: readonly PlainColumn<Hold>[] = [
  { head: "Decision", cell: ({ decision }) => <ThingLink id={decision} /> },
  { head: "Ranges", cell: ({ ranges }) => ranges.join(", ") },
  { head: "Because", cell: ({ why }) => why },
  { head: "Ends", cell: ({ until }) => <Until at={until} /> },
];

/** Decisions that hurt hosts of the customer, and are held on all of them. */
function Holds({
  policy: { org, holds },
  refresh,
}: {
  readonly policy: PolicyTold;
  readonly refresh: () => void;
}) {
  const [hold, setHold] = useState<Hold | undefined>();
  if (holds.length === 0) return null;
  const change: PlainColumn<Hold> = {
    head: "Change",
    cell: (each) => (
      <button type="button" class="link" onClick={() => setHold(each)}>
        Have it count again…
      </button>
    ),
  };
  return (
    <Panel title="Held on all hosts, since it hurt some of them">
      <PlainTable
        label="Decisions that are held"
        columns={may("approver") ? [...HOLDS, change] : HOLDS}
        rows={holds}
        keyOf={({ decision }) => decision}
      />
      {hold !== undefined && (
        <ChangeDialog
          onClose={() => setHold(undefined)}
          plan={{
            title: `Have ${hold.decision} count again`,
            ...{ verb: "Have it count", isDanger: true, method: "DELETE" },
            path: `/orgs/${encodeURIComponent(org)}/policy/holds/${hold.decision}`,
            done: `${hold.decision} counts again on hosts of ${org}`,
            onDone: refresh,
            children: (
              <p>
                It was held because {hold.why}. It counts again on all hosts,
                and is not held a second time.
              </p>
            ),
          }}
        />
      )}
    </Panel>
  );
}

type Other = PolicyTold["hosts"]["others"][number];

const OTHERS: readonly PlainColumn<Other>[] = [
  { head: "Host", cell: (host) => <HostLink host={host} /> },
  {
    head: "Goes by",
    cell: ({ version }) =>
      version === null ? "none that it told of" : `version ${version}`,
  },
  {
    head: "Because",
    cell: ({ connected, takes }) => {
      if (!connected) return <Badge tone="warn">away</Badge>;
      return takes === false ? "it takes no policy" : "it has not said so yet";
    },
  },
  { head: "Groups", cell: ({ groups }) => groups.join(", ") },
];

/** Hosts that do not go by this version. */
function Others({ policy }: { readonly policy: PolicyTold }) {
  const { others } = policy.hosts;
  if (others.length === 0) return null;
  return (
    <Panel title="Hosts that go by another version, or by none">
      <PlainTable
        label="Hosts that do not go by it"
        columns={OTHERS}
        rows={others.slice(0, MOST)}
        keyOf={({ agent }) => agent}
      />
      {others.length > MOST && (
        <p class="faint">and {count(others.length - MOST)} more</p>
      )}
    </Panel>
  );
}

const MOST = 100;
