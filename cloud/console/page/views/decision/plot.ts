import uPlot from "uplot";
import { tookText, type Point } from "./curve.js";

/** What is drawn: receipts over time, and when how many had come. */
export interface Drawn {
  readonly points: readonly Point[];
  readonly must: number;
  /** Milliseconds, with what they are called. */
  readonly marks: readonly (readonly [label: string, ms: number])[];
}

/** A curve on the page. */
export interface Plot {
  draw(drawn: Drawn): void;
  /** Draws anew: the page has other colours, or another width. */
  redraw(): void;
  close(): void;
}

const HEIGHT = 230;

/**
 * Draws into an element, by canvas alone.
 * @param onPoint what is under the pointer, as text; empty: nothing is
 */
export function plotIn(
  element: HTMLElement,
  onPoint: (text: string) => void,
): Plot {
  const now: { drawn: Drawn; plot: uPlot | undefined } = {
    drawn: { points: [], must: 0, marks: [] },
    plot: undefined,
  };
  const make = () => {
    now.plot?.destroy();
    const { drawn } = now;
    const options = optionsOf(element, () => now.drawn, onPoint);
    now.plot = new uPlot(options, dataOf(drawn), element);
  };
  return {
    draw: (drawn) => {
      const isOther = drawn.must !== now.drawn.must || now.plot === undefined;
      now.drawn = drawn;
      if (isOther) make();
      else now.plot?.setData(dataOf(drawn));
    },
    redraw: make,
    close: () => now.plot?.destroy(),
  };
}

/** Steps from nobody on, with a little room at both ends. */
function dataOf({ points }: Drawn): uPlot.AlignedData {
  const [first] = points;
  const last = points.at(-1);
  if (first === undefined || last === undefined) return [[], []];
  const from = { ms: Math.max(0.5, first.ms / 1.6), hosts: 0 };
  const to = { ms: Math.max(last.ms * 1.25, first.ms * 10), hosts: last.hosts };
  const all = [from, ...points, to];
  return [all.map(({ ms }) => ms), all.map(({ hosts }) => hosts)];
}

function optionsOf(
  element: HTMLElement,
  drawn: () => Drawn,
  onPoint: (text: string) => void,
): uPlot.Options {
  const colour = coloursOf(element);
  const line = { stroke: colour("--line"), width: 1 };
  const axis = {
    ...{ stroke: colour("--faint"), grid: line, ticks: line },
    font: "12px system-ui, sans-serif",
  };
  const { must } = drawn();
  const steps = uPlot.paths.stepped?.({ align: 1 });
  return {
    ...{ width: Math.max(200, element.clientWidth), height: HEIGHT },
    padding: [18, 12, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false },
    scales: {
      x: LOGARITHMIC as uPlot.Scale,
      y: { range: [0, Math.max(1, must)] },
    },
    axes: [
      {
        ...axis,
        splits: (plot, _axis, from, to) => ticksOf(from, to, plot.width),
        filter: (_plot, splits) => splits,
        values: (_plot, splits) => splits.map(tookText),
      },
      {
        ...axis,
        size: 52,
        splits: () => QUARTERS.map((part) => part * must),
        values: () => QUARTERS.map((part) => `${100 * part} %`),
      },
    ],
    series: [
      {},
      {
        ...{ stroke: colour("--good"), width: 2 },
        fill: colour("--good-ground"),
        ...(steps && { paths: steps }),
        points: { show: false },
      },
    ],
    hooks: {
      draw: [
        (plot) =>
          drawMarks(plot, drawn().marks, [colour("--ink"), colour("--paper")]),
      ],
      setCursor: [(plot) => onPoint(pointText(plot, drawn()))],
    },
  };
}

/** Hosts answer within milliseconds, and some after days. */
const LOGARITHMIC: unknown = { time: false, distr: 3 };

const QUARTERS = [0, 0.25, 0.5, 0.75, 1];

/** A colour of the style sheet, as it is for this element now. */
const coloursOf =
  (element: HTMLElement) =>
  (name: string): string => {
    const probe = document.createElement("span");
    probe.style.color = `var(${name})`;
    element.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };

/** Times that people know, as many as there is room for. */
const TICKS = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000],
  ...[600_000, 1_800_000, 3_600_000, 10_800_000, 43_200_000, 86_400_000],
  ...[259_200_000, 604_800_000, 2_592_000_000],
];

function ticksOf(from: number, to: number, width: number): number[] {
  const seen = TICKS.filter((ms) => ms >= from && ms <= to);
  const every = Math.max(1, Math.ceil(seen.length / (width / 70)));
  return seen.filter((_, nth) => nth % every === 0);
}

/** Where half of the answers had come, and nearly all: each label on a line of its own. */
function drawMarks(
  plot: uPlot,
  marks: Drawn["marks"],
  [ink, paper]: readonly [string, string],
): void {
  const { ctx } = plot;
  const { top, height, left, width } = plot.bbox;
  const ratio = window.devicePixelRatio;
  ctx.save();
  ctx.fillStyle = ink;
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  const labels: [string, number, number][] = [];
  for (const [nth, [label, ms]] of marks.entries()) {
    const x = Math.round(plot.valToPos(ms, "x", true));
    if (x < left || x > left + width) continue;
    ctx.strokeStyle = ink;
    ctx.lineWidth = ratio;
    ctx.setLineDash([3 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    labels.push([label, x, top + height - (6 + 16 * (2 - nth)) * ratio]);
  }
  // Above all lines, and apart from them.
  ctx.setLineDash([]);
  ctx.strokeStyle = paper;
  ctx.lineWidth = 4 * ratio;
  for (const [label, x, y] of labels) {
    const isLeft = x > left + width / 2;
    ctx.textAlign = isLeft ? "right" : "left";
    const at = x + (isLeft ? -5 : 5) * ratio;
    ctx.strokeText(label, at, y);
    ctx.fillText(label, at, y);
  }
  ctx.restore();
}

function pointText(plot: uPlot, { must }: Drawn): string {
  const { idx } = plot.cursor;
  if (idx === null || idx === undefined) return "";
  const ms = plot.data[0][idx];
  const hosts = plot.data[1]?.[idx];
  if (ms === undefined || hosts === undefined) return "";
  return `after ${tookText(ms)}: ${hosts} of ${must} hosts`;
}
