import { useEffect, useRef, useState } from "preact/hooks";
import type { CoverageDetail } from "../../api-types.js";
import { count, Nothing, Panel } from "../../parts/bits.js";
import { curveOf, milestonesOf, tookText, type Point } from "./curve.js";
import type { Drawn, Plot } from "./plot.js";

interface CurveProps {
  readonly coverage: CoverageDetail["coverage"];
  /** Those that do what was decided. */
  readonly doing: CoverageDetail["hosts"];
}

/** How the receipts came in: drawn, and as a table for who does not see it. */
export function CurvePanel({ coverage, doing }: CurveProps) {
  const { decision, must, times } = coverage;
  const points = curveOf(decision.decidedAt, doing);
  return (
    <Panel title="Receipts over time" more={<Summary times={times} />}>
      {points.length === 0 ? (
        <Nothing>No host has sent a receipt of it so far.</Nothing>
      ) : (
        <figure class="curve">
          <Curve drawn={{ points, must, marks: marksOf(times) }} />
          <Milestones points={points} must={must} />
        </figure>
      )}
    </Panel>
  );
}

type Times = CoverageDetail["coverage"]["times"];

const marksOf = (times: Times): Drawn["marks"] =>
  times === null
    ? []
    : [
        [`50 %: ${tookText(times.p50)}`, times.p50],
        [`90 %: ${tookText(times.p90)}`, times.p90],
        [`99 %: ${tookText(times.p99)}`, times.p99],
      ];

function Summary({ times }: { readonly times: Times }) {
  if (times === null) return null;
  return (
    <span class="faint">
      from the decision to the receipt in the cloud’s hands; the last after{" "}
      {tookText(times.max)}
    </span>
  );
}

function Curve({ drawn }: { readonly drawn: Drawn }) {
  const [said, setSaid] = useState("");
  const box = usePlot(drawn, setSaid);
  return (
    <div aria-hidden="true">
      <div class="curve-box" ref={box} />
      <p class="curve-said">{said}</p>
    </div>
  );
}

/** The plot is loaded when somebody first looks at one. */
function usePlot(drawn: Drawn, onPoint: (text: string) => void) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | undefined>(undefined);
  const newest = useRef(drawn);
  newest.current = drawn;
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const watched = { isOver: false, width: 0 };
    const redraw = () => plot.current?.redraw();
    const resized = new ResizeObserver(([entry]) => {
      const width = entry?.contentRect.width ?? 0;
      if (width !== watched.width) redraw();
      watched.width = width;
    });
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    const themed = new MutationObserver(redraw);
    void import("./plot.js").then(({ plotIn }) => {
      if (watched.isOver) return;
      plot.current = plotIn(element, onPoint);
      plot.current.draw(newest.current);
      resized.observe(element);
      dark.addEventListener("change", redraw);
      const attributeFilter = ["data-theme"];
      themed.observe(document.documentElement, { attributeFilter });
    });
    return () => {
      watched.isOver = true;
      resized.disconnect();
      themed.disconnect();
      dark.removeEventListener("change", redraw);
      plot.current?.close();
      plot.current = undefined;
    };
  }, []);
  const last = drawn.points.at(-1);
  const key = `${drawn.must} ${drawn.points.length} ${last?.hosts} ${last?.ms}`;
  useEffect(() => plot.current?.draw(newest.current), [key]);
  return box;
}

function Milestones({
  points,
  must,
}: {
  readonly points: readonly Point[];
  readonly must: number;
}) {
  return (
    <table class="aloud">
      <caption>Hosts by the time that their receipts took</caption>
      <thead>
        <tr>
          <th scope="col">After</th>
          <th scope="col">Hosts</th>
        </tr>
      </thead>
      <tbody>
        {milestonesOf(points).map(({ ms, hosts }) => (
          <tr key={ms}>
            <th scope="row">{tookText(ms)}</th>
            <td>
              {count(hosts)} of {count(must)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
