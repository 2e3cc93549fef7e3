import { useEffect, useState } from "preact/hooks";
import type { Covered, Decision, Page } from "../../api-types.js";
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

const NEWS = ["decided", "undone"] as const;

const keyOf = ({ decision }: Decision): string => decision;

/**
 * Decisions, the newest first, and how far each has come: of a hundred thousand
 * hosts that takes the cloud a while, and what was decided is there before.
 */
export function SpreadPanel() {
  const [isSpreading, setSpreading] = useState(false);
  const asked = useAsked<Page<Decision>>(
    apiPath("/decisions", { limit: A_FEW }),
    { on: NEWS },
  );
  // Of a large fleet that takes the longest: whatever is quick comes first.
  const isKnown = asked.data !== undefined;
  const coverage = useAsked<Page<Covered>>(
    isKnown ? apiPath("/coverage", { limit: A_FEW }) : undefined,
    { every: isSpreading ? EVERY_WHILE_SPREADING : EVERY, on: NEWS },
  );
  const known = coverage.data;
  useEffect(() => setSpreading(spreads(known)), [known]);
  const shares = new Map(
    known?.items.map((each) => [keyOf(each.decision), each]),
  );
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
                  <Row
                    key={keyOf(each)}
                    decision={each}
                    share={shares.get(keyOf(each))}
                    isFailed={coverage.error !== undefined}
                  />
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
  decision,
  share,
  isFailed,
}: {
  readonly decision: Decision;
  readonly share: Covered | undefined;
  readonly isFailed: boolean;
}) {
  return (
    <li>
      <span class="faint">
        <Time at={decision.decidedAt} />
      </span>
      <a href={to(`/decisions/${decision.decision}`)}>{titleOf(decision)}</a>
      <span class="faint spread-for">
        {feedSaid(decision.feed)}
        {share !== undefined && share.over !== null && (
          <>
            {" "}
            <Badge>over</Badge>
          </>
        )}
      </span>
      {share === undefined ? (
        <span class="faint">
          {isFailed ? "not known now" : "hosts are counted…"}
        </span>
      ) : (
        <ShareBar share={share} />
      )}
    </li>
  );
}
