import { useState } from "preact/hooks";
import type { Host as HostOut } from "../../api-types.js";
import { Badge, Facts, Head, Panel, Shown } from "../../parts/bits.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor, may } from "../../session.js";
import { useAsked } from "../../use-asked.js";
import type { ViewProps } from "../../view-props.js";
import { HostChange, changesFor, type HostChangeName } from "./host-changes.js";
import { HostHealth } from "./host-health.js";
import { HostPast } from "./host-past.js";
import { HostSensors } from "./host-sensors.js";
import { HostVitals } from "./host-vitals.js";
import { ModeBadge, StateBadge, modeExplained } from "./host-words.js";

/** One host: how it is, and its story. */
export function Host({ id }: ViewProps) {
  const asked = useAsked<HostOut>(`/agents/${encodeURIComponent(id)}`, {
    ...{ every: 3_000, on: ["agent"] },
  });
  return (
    <div class="view">
      {asked.data === undefined && <Head title={id} />}
      <Shown asked={asked}>
        {(host) => <Story host={host} refresh={asked.refresh} />}
      </Shown>
    </div>
  );
}

function Story({
  host,
  refresh,
}: {
  readonly host: HostOut;
  readonly refresh: () => void;
}) {
  const [change, setChange] = useState<HostChangeName | undefined>();
  return (
    <>
      <Head
        title={
          <>
            {host.hostname} <StateBadge state={host.state} />{" "}
            <ModeBadge mode={host.mode} />
          </>
        }
      >
        {may("admin") &&
          changesFor(host).map(({ name, says }) => (
            <button type="button" key={name} onClick={() => setChange(name)}>
              {says}
            </button>
          ))}
      </Head>
      <div class="panels">
        <HostFacts host={host} />
        <HostVitals report={host.report} />
      </div>
      <HostHealth host={host} />
      <HostSensors report={host.report} />
      <HostPast host={host} />
      {change !== undefined && (
        <HostChange
          {...{ host, change }}
          onClose={() => setChange(undefined)}
          onDone={refresh}
        />
      )}
    </>
  );
}

function HostFacts({ host }: { readonly host: HostOut }) {
  const { org, tags, version, protocol, behind, report } = host;
  const inventory = report?.inventory;
  return (
    <Panel title="What it is">
      <Facts
        of={[
          ...(isVendor.value
            ? [
                [
                  "Customer",
                  <a href={to("/fleet", { q: `org:${org}` })}>{org}</a>,
                ] as const,
              ]
            : []),
          ["Does", modeExplained(host.mode)],
          ["Position", <Position behind={behind} />],
          ["Tags", <Tags tags={tags} />],
          ["System", inventory?.system ?? host.system],
          [
            "Kernel",
            inventory
              ? `${inventory.kernel}, ${inventory.arch}`
              : "not told yet",
          ],
          ["Agent", `${version}, reads protocol ${protocol}`],
          ["Id", <code>{host.id}</code>],
          ["Enrolled", <Time at={host.enrolledAt} as="date" />],
          ["Heard last", <Time at={host.lastSeen} />],
          ...(host.revokedAt === null
            ? []
            : [["Revoked", <Revoked host={host} />] as const]),
        ]}
      />
    </Panel>
  );
}

function Position({ behind }: { readonly behind: number | null }) {
  if (behind === null) return <>It has not given a receipt yet.</>;
  if (behind === 0) return <>It has signed for all that its feeds say.</>;
  const what = behind === 1 ? "1 ban or lift" : `${behind} bans and lifts`;
  return (
    <>
      <Badge tone="warn">behind</Badge> {what} that it has not signed for yet
    </>
  );
}

function Tags({ tags }: { readonly tags: readonly string[] }) {
  if (tags.length === 0) return <span class="faint">none</span>;
  return (
    <span class="tags">
      {tags.map((tag) => (
        <a key={tag} href={to("/fleet", { q: `tag:${tag}` })}>
          <Badge>{tag}</Badge>
        </a>
      ))}
    </span>
  );
}

function Revoked({ host }: { readonly host: HostOut }) {
  return (
    <>
      <Time at={host.revokedAt} as="date" />
      {host.revokedWhy !== null && `: ${host.revokedWhy}`}
    </>
  );
}
