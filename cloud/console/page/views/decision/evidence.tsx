import { useState } from "preact/hooks";
import type { DecisionDetail } from "../../api-types.js";
import { Badge, count, counted, Nothing, Panel } from "../../parts/bits.js";
import { HostLink } from "../../parts/host-link.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";

type Detection = DecisionDetail["detections"][number];

const AT_FIRST = 15;

/** What hosts saw that a rule decided on. */
export function EvidencePanel({
  told: { decision, detections },
}: {
  readonly told: DecisionDetail;
}) {
  const [isAll, setAll] = useState(false);
  if (decision.evidence.length === 0) return null;
  const shown = isAll ? detections : detections.slice(0, AT_FIRST);
  const more = detections.length - shown.length;
  return (
    <Panel title="Evidence" more={<Sum detections={detections} />}>
      {detections.length === 0 ? (
        <Nothing>
          It was decided on {counted(decision.evidence.length, "report")} of
          hosts, which are not kept any more.
        </Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">Host</th>
                <th scope="col">Customer</th>
                <th scope="col" class="only-wide">
                  Sensor
                </th>
                <th scope="col" class="only-wide">
                  From
                </th>
                <th scope="col" class="number">
                  Failures
                </th>
                <th scope="col">The host</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((each) => (
                <Row key={`${each.seq}.${each.nth}`} detection={each} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(more > 0 || isAll) && (
        <button type="button" class="quiet" onClick={() => setAll(!isAll)}>
          {isAll ? "Show fewer" : `Show ${count(more)} more`}
          <span class="aloud"> reports</span>
        </button>
      )}
    </Panel>
  );
}

function Sum({ detections }: { readonly detections: readonly Detection[] }) {
  if (detections.length === 0) return null;
  const failures = detections.reduce((sum, each) => sum + each.count, 0);
  const hosts = new Set(detections.map(({ agent }) => agent)).size;
  const orgs = new Set(detections.map(({ org }) => org)).size;
  return (
    <span class="faint">
      {counted(failures, "failed log-in")} on {counted(hosts, "host")} of{" "}
      {counted(orgs, "customer")}
    </span>
  );
}

const ACTIONS: Readonly<Record<Detection["action"], string>> = {
  banned: "banned it",
  held: "held its own ban",
  none: "only told",
};

function Row({ detection }: { readonly detection: Detection }) {
  const { org, time, sensor, source, action, rule } = detection;
  return (
    <tr>
      <td class="nowrap">
        <Time at={time} as="clock" />
      </td>
      <td>
        <HostLink host={detection} />
      </td>
      <td>{org}</td>
      <td class="only-wide">{sensor}</td>
      <td class="only-wide">
        <a class="mono" href={to("/address", { of: source })}>
          {source}
        </a>
      </td>
      <td class="number">{count(detection.count)}</td>
      <td>
        {ACTIONS[action]} {rule !== null && <Badge tone="warn">{rule}</Badge>}
      </td>
    </tr>
  );
}
