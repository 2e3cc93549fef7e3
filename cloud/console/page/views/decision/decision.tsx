import { useEffect, useState } from "preact/hooks";
import type { CoverageDetail, DecisionDetail } from "../../api-types.js";
import { Badge, Head, Shown } from "../../parts/bits.js";
import { titleOf } from "../../parts/decided-said.js";
import { isOwnFeed } from "../../parts/feed-said.js";
import { isMoving, sortHosts } from "../../parts/host-groups.js";
import { may } from "../../session.js";
import { useAsked, type Asked } from "../../use-asked.js";
import type { ViewProps } from "../../view-props.js";
import { AboutPanel } from "./about.js";
import { CurvePanel } from "./curve-panel.js";
import { EvidencePanel } from "./evidence.js";
import { Hero } from "./hero.js";
import {
  HeldPanel,
  MissingPanel,
  OrgsPanel,
  OthersPanel,
  SurePanel,
} from "./hosts.js";
import { UndoDialog } from "./undo.js";

/** How often hosts' answers are looked at, in milliseconds. */
const WHILE_IT_MOVES = 500;
const CALMLY = 5_000;

/** One decision: what it was made on, and how it became true. */
export function DecisionView({ id }: ViewProps) {
  const path = encodeURIComponent(id);
  const told = useAsked<DecisionDetail>(`/decisions/${path}`, {
    on: ["undone"],
  });
  const covered = useCovered(path);
  return (
    <div class="view decision">
      {told.data === undefined && <Head title={`Decision ${id}`} />}
      <Shown asked={told}>
        {(detail) => (
          <>
            <DecisionHead told={detail} onDone={told.refresh} />
            <Shown asked={covered}>
              {(each) => <Body told={detail} covered={each} />}
            </Shown>
          </>
        )}
      </Shown>
    </div>
  );
}

/** Soon, while hosts are expected to answer; calmly after that. */
function useCovered(path: string): Asked<CoverageDetail> {
  const [every, setEvery] = useState(WHILE_IT_MOVES);
  const asked = useAsked<CoverageDetail>(`/coverage/${path}`, {
    ...{ every, on: ["undone"] },
  });
  const { data } = asked;
  useEffect(() => {
    if (data === undefined) return;
    const { decidedAt } = data.coverage.decision;
    const age = Date.now() - Date.parse(decidedAt);
    setEvery(isMoving(data.hosts, age) ? WHILE_IT_MOVES : CALMLY);
  }, [data]);
  return asked;
}

function DecisionHead({
  told: { decision, undone },
  onDone,
}: {
  readonly told: DecisionDetail;
  readonly onDone: () => void;
}) {
  const [isUndoing, setUndoing] = useState(false);
  const mayUndo = may("analyst") && isOwnFeed(decision.feed);
  return (
    <Head title={titleOf(decision)}>
      <Badge>{decision.feed}</Badge>
      {undone.length > 0 && <Badge tone="warn">undone</Badge>}
      {mayUndo && (
        <button type="button" onClick={() => setUndoing(true)}>
          Undo…
        </button>
      )}
      {isUndoing && (
        <UndoDialog
          decision={decision}
          onClose={() => setUndoing(false)}
          onDone={onDone}
        />
      )}
    </Head>
  );
}

function Body({
  told,
  covered: { coverage, hosts },
}: {
  readonly told: DecisionDetail;
  readonly covered: CoverageDetail;
}) {
  const sorted = sortHosts(hosts, coverage.decision);
  return (
    <>
      <Hero coverage={coverage} sorted={sorted} />
      <div class="decision-parts">
        <div class="decision-main">
          <CurvePanel coverage={coverage} doing={sorted.doing} />
          <MissingPanel hosts={sorted.missing} />
          <HeldPanel groups={sorted.held} />
          <OthersPanel groups={sorted.others} />
          <EvidencePanel told={told} />
        </div>
        <div class="decision-beside">
          <AboutPanel told={told} />
          <OrgsPanel coverage={coverage} />
          <SurePanel coverage={coverage} />
        </div>
      </div>
    </>
  );
}
