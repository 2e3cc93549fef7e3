/** A metric and its values, by the conventions of Prometheus. */
export interface Family {
  /** With its unit, without "_total". */
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Few, and of few values: each makes a series of its own. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** OpenMetrics 1.0, or the text format that was before it. */
export type Dialect = "openmetrics" | "text";

export const contentTypes: Readonly<Record<Dialect, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  text: "text/plain; version=0.0.4; charset=utf-8",
};

/** What a scraper reads; a family without samples is left out. */
export function exposition(
  families: readonly Family[],
  dialect: Dialect,
): string {
  const texts = families
    .filter(({ samples }) => samples.length > 0)
    .map((family) => familyText(family, dialect));
  return `${texts.join("")}${dialect === "openmetrics" ? "# EOF\n" : ""}`;
}

function familyText(family: Family, dialect: Dialect): string {
  const { name, type, help, samples } = family;
  const sampled = type === "counter" ? `${name}_total` : name;
  // The older format knows a counter by the name of its samples.
  const named = dialect === "openmetrics" ? name : sampled;
  return [
    `# TYPE ${named} ${type}\n`,
    `# HELP ${named} ${escaped(help)}\n`,
    ...samples.map(
      ({ labels, value }) => `${sampled}${labelsText(labels)} ${value}\n`,
    ),
  ].join("");
}

function labelsText(labels: Sample["labels"] = {}): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escaped(value)}"`,
  );
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** As both formats have it. */
const escaped = (text: string): string =>
  text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
