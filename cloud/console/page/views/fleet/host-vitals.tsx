import type { Host } from "../../api-types.js";
import { Facts, Nothing, Panel, count } from "../../parts/bits.js";
import { size } from "../../parts/size.js";
import { Time, span } from "../../parts/time.js";

type Vitals = NonNullable<NonNullable<Host["report"]>["vitals"]>;

/** How a host said last that it is. */
export function HostVitals({ report }: Pick<Host, "report">) {
  const vitals = report?.vitals;
  return (
    <Panel
      title="How it is"
      more={
        vitals && (
          <span class="faint">
            as of <Time at={vitals.time} />
          </span>
        )
      }
    >
      {vitals ? (
        <Facts of={factsOf(vitals)} />
      ) : (
        <Nothing>
          It has not said anything of itself yet. A host does so once a minute.
        </Nothing>
      )}
    </Panel>
  );
}

const factsOf = (vitals: Vitals) =>
  [
    ["Bans in force", count(vitals.bans)],
    ["Only counted", count(vitals.observed)],
    ["Held by its guard", count(vitals.held)],
    ["Processors in use", `${Math.round(vitals.cpu * 100)} %`],
    [
      "Memory in use",
      `${size(vitals.memoryUsedBytes)} of ${size(vitals.memoryTotalBytes)}`,
    ],
    ["Of that, the agent", size(vitals.agentBytes)],
    ["Up for", span(vitals.uptimeSeconds * 1_000)],
  ] as const;
