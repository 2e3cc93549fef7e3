import { count } from "../../parts/bits.js";
import type { Month } from "./told.js";

type Day = Month["attacks"]["byDay"][number];

const WIDTH = 360;
const HEIGHT = 110;
/** What is below for the days' numbers, and above for the highest figure. */
const BELOW = 16;
const ABOVE = 14;

/** One figure of each day, as bars; who cannot see them has them in words. */
export function DayChart({
  label,
  days,
  of,
}: {
  readonly label: string;
  readonly days: readonly Day[];
  readonly of: (day: Day) => number;
}) {
  const most = Math.max(1, ...days.map(of));
  const step = WIDTH / Math.max(1, days.length);
  const room = HEIGHT - BELOW - ABOVE;
  const sum = days.reduce((all, day) => all + of(day), 0);
  return (
    <figure class="day-chart">
      <figcaption>
        {label}: <strong>{count(sum)}</strong>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={inWords(label, days, of)}
      >
        <line
          class="axis"
          x1={0}
          x2={WIDTH}
          y1={HEIGHT - BELOW}
          y2={HEIGHT - BELOW}
        />
        {days.map((day, at) => {
          const height = (room * of(day)) / most;
          const x = at * step;
          return (
            <g key={day.at}>
              <rect
                class="bar"
                x={x + step * 0.15}
                width={step * 0.7}
                y={HEIGHT - BELOW - height}
                height={height}
              >
                <title>{`${day.at.slice(0, 10)}: ${count(of(day))}`}</title>
              </rect>
              {isNamed(at) && (
                <text x={x + step / 2} y={HEIGHT - 4} text-anchor="middle">
                  {at + 1}
                </text>
              )}
              {of(day) === most && (
                <text
                  x={withinX(x + step / 2)}
                  y={HEIGHT - BELOW - height - 3}
                  text-anchor="middle"
                >
                  {count(of(day))}
                </text>
              )}
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

/** The first, and every fifth. */
const isNamed = (at: number): boolean => at === 0 || (at + 1) % 5 === 0;

/** A figure stays within the picture. */
const withinX = (x: number): number => Math.min(WIDTH - 18, Math.max(18, x));

function inWords(
  label: string,
  days: readonly Day[],
  of: (day: Day) => number,
): string {
  const told = days
    .filter((day) => of(day) > 0)
    .map((day) => `${day.at.slice(8, 10)}: ${count(of(day))}`);
  return `${label} by day. ${told.join(", ") || "None on any day."}`;
}
