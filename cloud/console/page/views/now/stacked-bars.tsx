/** Counts over time that add up to bars. */
export interface Layer {
  /** Which colour it has: 0 to 4, or "rest". */
  readonly colour: number | "rest";
  /** One for each bar, the oldest first. */
  readonly counts: readonly number[];
}

const HEIGHT = 100;

/** Bars of layers, one upon the other; who cannot see them has them in words. */
export function StackedBars({
  layers,
  bars,
  most,
  label,
}: {
  readonly layers: readonly Layer[];
  readonly bars: number;
  /** What a bar of full height stands for. */
  readonly most: number;
  readonly label: string;
}) {
  const scale = HEIGHT / Math.max(1, most);
  return (
    <svg
      class="stacked"
      viewBox={`0 0 ${bars} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {layers.map((layer, at) => (
        <path
          key={layer.colour}
          class={`colour-${layer.colour}`}
          d={outline(layer, layers.slice(0, at), scale)}
        />
      ))}
    </svg>
  );
}

/** One path for all bars of a layer: a minute's bar leaves a gap to the next. */
function outline(
  { counts }: Layer,
  below: readonly Layer[],
  scale: number,
): string {
  return counts
    .map((value, at) => {
      if (value === 0) return "";
      const under = below.reduce(
        (sum, each) => sum + (each.counts[at] ?? 0),
        0,
      );
      const top = HEIGHT - (under + value) * scale;
      return `M${at + 0.1} ${round(top)}h.8v${round(value * scale)}h-.8z`;
    })
    .join("");
}

const round = (value: number): number => Math.round(value * 100) / 100;
