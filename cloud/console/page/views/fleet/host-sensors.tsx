import type { Host } from "../../api-types.js";
import { Badge, Nothing, Panel, count } from "../../parts/bits.js";
import { Time } from "../../parts/time.js";

type Sensor = NonNullable<
  NonNullable<NonNullable<Host["report"]>["vitals"]>["sensors"]
>[number];

/** What a host's sensors read, and what they made of it: silence is told, too. */
export function HostSensors({ report }: Pick<Host, "report">) {
  const sensors = report?.vitals?.sensors ?? [];
  return (
    <Panel title="Sensors">
      {sensors.length === 0 ? (
        <Nothing>
          It tells of no sensor: attacks on its services would not be noticed,
          or it is of a version that does not tell. Bans are in force all the
          same.
        </Nothing>
      ) : (
        <div class="scroll">
          <table>
            <thead>
              <tr>
                <th scope="col">Sensor</th>
                <th scope="col">Reads</th>
                <th scope="col">Says</th>
                <th scope="col" class="number">
                  Lines
                </th>
                <th scope="col" class="number">
                  Of the service
                </th>
                <th scope="col" class="number">
                  Understood
                </th>
                <th scope="col" class="number">
                  Failed log-ins
                </th>
                <th scope="col">Newest line</th>
              </tr>
            </thead>
            <tbody>
              {sensors.map((each) => (
                <SensorRow key={`${each.name} ${each.source}`} sensor={each} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Panel>
  );
}

function SensorRow({ sensor }: { readonly sensor: Sensor }) {
  const { name, source, lines, ofService, understood, failures } = sensor;
  return (
    <tr>
      <td>{name}</td>
      <td>
        {source === "journal" ? "the journal" : "a file"}
        <span class="faint">, {TRUST[sensor.trust]}</span>
      </td>
      <td>
        <Verdict sensor={sensor} />
      </td>
      <td class="number">{count(lines)}</td>
      <td class="number">{count(ofService)}</td>
      <td class="number">{count(understood)}</td>
      <td class="number">{count(failures)}</td>
      <td>
        <Time at={sensor.newest} />
      </td>
    </tr>
  );
}

const TRUST: Readonly<Record<Sensor["trust"], string>> = {
  writer: "which says who wrote",
  kernel: "if the kernel saw the connection",
  nobody: "which anybody may write",
};

/** Whether an attack would be noticed, as far as the counts tell. */
function Verdict({ sensor }: { readonly sensor: Sensor }) {
  const { lines, ofService, understood, unconfirmed } = sensor;
  if (lines === 0) return <Badge tone="warn">silent: nothing was read</Badge>;
  if (ofService === 0) {
    return <Badge tone="warn">silent: no line of its service</Badge>;
  }
  if (understood === 0) {
    return <Badge tone="bad">understands none of it</Badge>;
  }
  if (unconfirmed > 0) {
    return <Badge tone="warn">{count(unconfirmed)} not acted on</Badge>;
  }
  return <Badge tone="good">understands it</Badge>;
}
