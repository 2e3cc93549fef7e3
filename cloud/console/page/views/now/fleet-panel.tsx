import { Badge, Nothing, Panel, Shown, counted } from "../../parts/bits.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import { FleetCounts, type FleetCount } from "../fleet/fleet-counts.js";
import { healthAdvice } from "../fleet/health-advice.js";

/** Milliseconds. */
const EVERY = 5_000;

const A_FEW = 6;

/** How hosts are, and what is wrong with those that are not well. */
export function FleetPanel() {
  const asked = useAsked<FleetCount>("/fleet", { every: EVERY, on: ["agent"] });
  return (
    <Panel title="Hosts" more={<a href={to("/fleet")}>All hosts</a>}>
      <div class="fleet-now">
        <Shown asked={asked}>
          {(fleet) => (
            <>
              <FleetCounts fleet={fleet} />
              <Troubles of={fleet.troubles} />
            </>
          )}
        </Shown>
      </div>
    </Panel>
  );
}

function Troubles({ of }: { readonly of: FleetCount["troubles"] }) {
  if (of.length === 0)
    return <Nothing>All hosts say that they are well.</Nothing>;
  return (
    <ul class="troubles-now">
      {of.slice(0, A_FEW).map(({ code, hosts }) => (
        <li key={code} title={healthAdvice(code)}>
          <Badge tone="warn">{code}</Badge>{" "}
          <a href={to("/fleet", { q: `health:${code}` })}>
            {counted(hosts, "host")}
          </a>
        </li>
      ))}
      {of.length > A_FEW && (
        <li>
          <a href={to("/fleet", { q: "unhealthy:yes" })}>
            and {counted(of.length - A_FEW, "other trouble")}
          </a>
        </li>
      )}
    </ul>
  );
}
