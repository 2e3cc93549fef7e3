import { useEffect, useState } from "preact/hooks";
import type { Covered, Page } from "../../api-types.js";
import { apiPath } from "../../api.js";
import { Badge, Nothing, Panel, Shown } from "../../parts/bits.js";
import { titleOf } from "../../parts/decided-said.js";
import { feedSaid } from "../../parts/feed-said.js";
import { ShareBar } from "../../parts/share-bar.js";
import { Time } from "../../parts/time.js";
import { to } from "../../router.js";
import { useAsked } from "../../use-asked.js";
import { useStill } from "./still.js";

/** Milliseconds: what was decided just now is in force on more hosts each time. */
const EVERY = 2_000;
const EVERY_WHILE_SPREADING = 400;

/** How long most hosts need, and more. */
const SPREADING_MS = 6_000;

const A_FEW = 10;

const keyOf = ({ decision }: Covered): string => decision.decision;

/** Decisions, the newest first, and how far each has come. */
export function SpreadPanel() {
  const [isSpreading, setSpreading] = useState(false);
  const asked = useAsked<Page<Covered>>(
    apiPath("/coverage", { limit: A_FEW }),
    {
      every: isSpreading ? EVERY_WHILE_SPREADING : EVERY,
      on: ["decided", "undone"],
    },
  );
  useEffect(() => setSpreading(spreads(asked.data)), [asked.data]);
  const { rows, newer, held } = useStill(asked.data?.items ?? [], keyOf);
  return (
    <Panel
      title="Decisions, as they spread"
      more={
        <>
          <a href={to("/decisions")}>All decisions</a>
          <span class="faint">{newer}</span>
        </>
      }
    >
      <div class="spread" {...held}>
        <Shown asked={asked}>
          {() =>
            rows.length === 0 ? (
              <Nothing>
                Nothing was decided yet. Rules decide as attacks wander over
                customers; people ban an address where they look at it.
              </Nothing>
            ) : (
              <ul>
                {rows.map((each) => (
                  <Row key={keyOf(each)} covered={each} />
                ))}
              </ul>
            )
          }
        </Shown>
      </div>
    </Panel>
  );
}

const spreads = (page: Page<Covered> | undefined): boolean =>
  (page?.items ?? []).some(
    ({ decision, missing }) =>
      missing > 0 && Date.now() - Date.parse(decision.decidedAt) < SPREADING_MS,
  );

function Row({
  covered: { decision, ...share },
}: {
  readonly covered: Covered;
}) {
  return (
    <li>
      <span class="faint">
        <Time at={decision.decidedAt} />
      </span>
      <a href={to(`/decisions/${decision.decision}`)}>{titleOf(decision)}</a>
      <span class="faint spread-for">
        {feedSaid(decision.feed)}
        {share.over !== null && (
          <>
            {" "}
            <Badge>over</Badge>
          </>
        )}
      </span>
      <ShareBar share={share} />
    </li>
  );
}
