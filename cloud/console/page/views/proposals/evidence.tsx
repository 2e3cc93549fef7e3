import type { Answers, Page, Proposal } from "../../api-types.js";
import { apiPath } from "../../api.js";
import {
  Badge,
  Nothing,
  Panel,
  Shown,
  count,
  counted,
} from "../../parts/bits.js";
import { HostLink } from "../../parts/host-link.js";
import { Time } from "../../parts/time.js";
import { useAsked } from "../../use-asked.js";

type Detection = Answers["listDetections"]["items"][number];

/** What hosts reported, by which a rule wants the ban. */
export function Evidence({
  proposal: { attacker, evidence },
}: {
  readonly proposal: Extract<Proposal, { readonly kind: "rule" }>;
}) {
  const asked = useAsked<Page<Detection>>(
    apiPath("/detections", { range: attacker, limit: 200 }),
  );
  return (
    <Panel title="What hosts saw">
      <Shown asked={asked}>
        {({ items }) => {
          const counting = items.filter(({ seq }) => evidence.includes(seq));
          const shown = counting.length === 0 ? items : counting;
          return shown.length === 0 ? (
            <Nothing>
              {counted(evidence.length, "report")} led to it. They are kept no
              more.
            </Nothing>
          ) : (
            <Detections of={shown} />
          );
        }}
      </Shown>
    </Panel>
  );
}

const DID: Readonly<Record<Detection["action"], string>> = {
  banned: "banned it for itself",
  held: "held a ban back",
  none: "left it alone",
};

function Detections({ of }: { readonly of: readonly Detection[] }) {
  return (
    <div class="scroll">
      <table class="lines">
        <thead>
          <tr>
            <th>When</th>
            <th>Customer</th>
            <th>Host</th>
            <th>Seen by</th>
            <th class="number">Failures</th>
            <th>From</th>
            <th>The host</th>
          </tr>
        </thead>
        <tbody>
          {of.map((each) => (
            <tr key={`${each.seq}.${each.nth}`}>
              <td>
                <Time at={each.time} />
              </td>
              <td>{each.org}</td>
              <td>
                <HostLink host={each} />
              </td>
              <td>{each.sensor}</td>
              <td class="number">{count(each.count)}</td>
              <td class="mono">{each.source}</td>
              <td>
                {DID[each.action]}
                {each.earlyBy > 0 && (
                  <Badge tone="warn">its clock was ahead</Badge>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
