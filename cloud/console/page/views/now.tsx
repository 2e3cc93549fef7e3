import type { Covered, Page } from "../api-types.js";
import { Badge, Head, Panel, Shown } from "../parts/bits.js";
import { ShareBar } from "../parts/share-bar.js";
import { Time } from "../parts/time.js";
import { to } from "../router.js";
import { useAsked } from "../use-asked.js";

/** What happens now. */
export function Now() {
  const decisions = useAsked<Page<Covered>>("/coverage?limit=12", {
    ...{ every: 2_000, on: ["decided", "undone"] },
  });
  return (
    <div class="view">
      <Head title="Now" />
      <Panel title="Decisions, as they spread">
        <Shown asked={decisions}>
          {({ items }) => (
            <ul class="spread">
              {items.map(({ decision, ...share }) => (
                <li key={decision.decision}>
                  <Time at={decision.decidedAt} />
                  <Badge>{decision.action}</Badge>
                  <a href={to(`/decisions/${decision.decision}`)}>
                    {decision.targets[0] ?? decision.decision}
                  </a>
                  <ShareBar share={share} />
                </li>
              ))}
            </ul>
          )}
        </Shown>
      </Panel>
    </div>
  );
}
