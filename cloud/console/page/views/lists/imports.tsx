import type { Decision, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Badge, Nothing, Panel, Shown, count } from "../../parts/bits.js";
import { Time, Until } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";

const SHOWN = 100;

/** Lists that were imported lately, each as the decision that it is. */
export function Imports() {
  const asked = useAsked<Page<Decision>>(
    apiPath("/decisions", { q: "action:import", limit: SHOWN }),
    { on: ["decided", "undone"] },
  );
  return (
    <Panel
      title="Imported lists"
      more={
        <a href={to("/decisions", { q: "action:import" })}>
          Search all of them
        </a>
      }
    >
      <Shown asked={asked}>
        {({ items }) =>
          items.length === 0 ? (
            <Nothing>
              No list was imported yet, or it is not known any more.
            </Nothing>
          ) : (
            <ImportTable of={items} />
          )
        }
      </Shown>
    </Panel>
  );
}

function ImportTable({ of }: { readonly of: readonly Decision[] }) {
  return (
    <div class="scroll">
      <table class="lines">
        <thead>
          <tr>
            <th>Imported</th>
            <th>Feed</th>
            <th class="number">Ranges</th>
            <th>By</th>
            <th>Ends</th>
            <th>Why</th>
            <th>Decision</th>
          </tr>
        </thead>
        <tbody>
          {of.map((each) => (
            <ImportRow key={each.decision} of={each} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ImportRow({ of }: { readonly of: Decision }) {
  const { decision, decidedAt, feed, ranges, by, until, reason } = of;
  return (
    <tr>
      <td>
        <Time at={decidedAt} />
      </td>
      <td>
        {feed} {of.observed && <Badge>only counted</Badge>}
      </td>
      <td class="number">{count(ranges)}</td>
      <td>{by ?? <span class="faint">the vendor</span>}</td>
      <td>
        <Until at={until} />
      </td>
      <td class="wraps">{reason}</td>
      <td>
        <a href={to(`/decisions/${decision}`)}>{decision}</a>
      </td>
    </tr>
  );
}
