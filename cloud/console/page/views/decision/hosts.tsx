import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { CoverageDetail, CoveredHost } from "../../api-types.js";
import { Badge, count, counted, Panel } from "../../parts/bits.js";
import { heldSaid } from "../../parts/held-said.js";
import type { Group } from "../../parts/host-groups.js";
import { HostLink } from "../../parts/host-link.js";
import { ShareBar } from "../../parts/share-bar.js";
import { STATES } from "../../parts/state-said.js";
import { Time, Timed } from "../../parts/time.js";
import { to } from "../../router.js";
import { isVendor } from "../../session.js";

const AT_FIRST = 12;

/** Who has not answered, since when, and why. */
export function MissingPanel({
  hosts,
}: {
  readonly hosts: readonly CoveredHost[];
}) {
  const [isAll, setAll] = useState(false);
  if (hosts.length === 0) return null;
  const sorted = hosts.toSorted(byNeed);
  const shown = isAll ? sorted : sorted.slice(0, AT_FIRST);
  return (
    <Panel
      title={`${counted(hosts.length, "host")} missing`}
      more={<span class="faint">they have sent no receipt of it</span>}
    >
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Host</th>
              {isVendor.value && <th scope="col">Customer</th>}
              <th scope="col">Why</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((host) => (
              <tr key={host.agent}>
                <td>
                  <HostLink host={host} />
                </td>
                {isVendor.value && <td>{host.org}</td>}
                <td>{whyMissing(host)}</td>
                <td class="nowrap">
                  <Time at={host.missingSince} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <More
        {...{ isAll, setAll }}
        more={sorted.length - shown.length}
        what="missing hosts"
      />
    </Panel>
  );
}

/** Who is here and says nothing is of more interest than who is away. */
const byNeed = (a: CoveredHost, b: CoveredHost): number =>
  Number(b.connected) - Number(a.connected) ||
  (a.missingSince ?? "").localeCompare(b.missingSince ?? "") ||
  a.hostname.localeCompare(b.hostname);

function whyMissing({ missing, offlineSince }: CoveredHost): string {
  if (missing === "behind") return "connected; earlier changes are missing too";
  if (missing === "silent") return "connected, and has not answered";
  return offlineSince === null ? "was never here" : "offline";
}

function More({
  more,
  isAll,
  setAll,
  what,
}: {
  readonly more: number;
  readonly isAll: boolean;
  readonly setAll: (isAll: boolean) => void;
  readonly what: string;
}) {
  if (more <= 0 && !isAll) return null;
  return (
    <button type="button" class="quiet" onClick={() => setAll(!isAll)}>
      {isAll ? "Show fewer" : `Show ${count(more)} more`}
      <span class="aloud"> {what}</span>
    </button>
  );
}

/** Held where, and by which rule. */
export function HeldPanel({
  groups,
}: {
  readonly groups: readonly Group<CoveredHost>[];
}) {
  if (groups.length === 0) return null;
  return (
    <Panel
      title="Held back"
      more={
        <span class="faint">by the guards of these hosts, which stay safe</span>
      }
    >
      <ul class="groups">
        {groups.map(({ of, hosts }) => (
          <HostGroup
            key={of}
            name={of}
            says={heldSaid(of)}
            hosts={hosts}
            tone="warn"
          />
        ))}
      </ul>
    </Panel>
  );
}

/** They answered, and do something else than what was decided. */
export function OthersPanel({
  groups,
}: {
  readonly groups: readonly Group<CoveredHost>[];
}) {
  if (groups.length === 0) return null;
  return (
    <Panel title="Answered, and do otherwise">
      <ul class="groups">
        {groups.map(({ of, hosts }) => (
          <HostGroup
            key={of}
            name={of}
            says={STATES[of as CoveredHost["state"]]}
            hosts={hosts}
            tone={of === "ring" ? "calm" : "warn"}
          />
        ))}
      </ul>
    </Panel>
  );
}

function HostGroup({
  name,
  says,
  hosts,
  tone,
}: {
  readonly name: string;
  readonly says: string;
  readonly hosts: readonly CoveredHost[];
  readonly tone: "warn" | "calm";
}) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? hosts : hosts.slice(0, AT_FIRST);
  const details = detailsOf(hosts);
  return (
    <li>
      <p>
        <Badge tone={tone}>{name}</Badge> {says}{" "}
        <span class="faint">{counted(hosts.length, "host")}</span>
      </p>
      {details.map((detail) => (
        <p key={detail} class="faint">
          <Timed says={detail} />
        </p>
      ))}
      <p class="names">
        {shown.map((host) => (
          <HostLink key={host.agent} host={host} />
        ))}
      </p>
      <More
        {...{ isAll, setAll }}
        more={hosts.length - shown.length}
        what="hosts"
      />
    </li>
  );
}

/** What they say themselves, each once: a few, and what is due first before the rest. */
const detailsOf = (hosts: readonly CoveredHost[]): readonly string[] =>
  [...new Set(hosts.map(({ detail }) => detail))]
    .filter((detail) => detail !== "")
    .sort()
    .slice(0, 3);

type Coverage = CoverageDetail["coverage"];

/** How far it has come with each customer. */
export function OrgsPanel({ coverage }: { readonly coverage: Coverage }) {
  const { orgs } = coverage;
  if (orgs.length < 2) return null;
  const sorted = orgs.toSorted((a, b) => open(b) - open(a));
  return (
    <Panel title="By customer">
      <table>
        <thead>
          <tr>
            <th scope="col">Customer</th>
            <th scope="col">Hosts</th>
            <th scope="col" class="number">
              Missing
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.map((share) => (
            <tr key={share.org}>
              <td>
                <a href={to("/fleet", { q: `org:${share.org}` })}>
                  {share.org}
                </a>
              </td>
              <td>
                <ShareBar share={share} />
              </td>
              <td class="number">
                {share.missing === 0 ? "" : count(share.missing)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

const open = ({ must, holding }: Coverage["orgs"][number]): number =>
  must - holding;

/** How sure all that is, and who came later. */
export function SurePanel({ coverage }: { readonly coverage: Coverage }) {
  const { holding, proven, late, revoked } = coverage;
  const lines: ComponentChildren[] = [];
  if (holding > 0) {
    lines.push(
      `${counted(proven, "host")} proved it: the device signed a receipt, read back from its kernel.`,
    );
  }
  if (holding > proven) {
    lines.push(
      `Of ${counted(holding - proven, "host")} it follows from what they signed later.`,
    );
  }
  if (late.must > 0) {
    lines.push(
      `${counted(late.must, "host")} came later, and count for nothing here: ${count(late.holding)} of them hold it too.`,
    );
  }
  if (revoked > 0) {
    lines.push(
      `${counted(revoked, "host")} of that time were sent away since.`,
    );
  }
  if (lines.length === 0) return null;
  return (
    <Panel title="How sure that is">
      <ul class="sentences">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </Panel>
  );
}
