import { cpus, release, availableParallelism } from "node:os";
import { installedAs } from "./installed.js";
import { aligned } from "../../agent/text/table.js";

/** One line of a benchmark: ours beside a peer's, measured in the same run. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  /** Null where there is no peer, or it is absent; `peerName` then says why. */
  readonly peer: number | null;
  readonly peerName: string | null;
  /** ours / peer. */
  readonly ratio: number | null;
  /** How far our runs lie apart, as (largest - smallest) / median; or p99 / p50. */
  readonly spread: number | null;
  readonly goal: string | null;
  readonly met: boolean | null;
}

/** What a benchmark prints; with `--json` as one object on the last line. */
export interface Report {
  readonly bench: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly kernel: string;
    readonly node: string;
  };
  /** Flags, environment and quota of the agent, read from its unit. */
  readonly agent: string;
  readonly rows: readonly Row[];
  /** For what one number a row does not say. */
  readonly matrix?: ReportMatrix;
}

/** Cells for people, under a head that names their columns. */
export interface ReportMatrix {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What the cells leave out, a sentence each. */
  readonly notes: readonly string[];
}

/** What a benchmark has measured. */
export interface Measured {
  readonly rows: readonly Row[];
  readonly matrix?: ReportMatrix;
}

export function reportOf(bench: string, measured: Measured): Report {
  const machine = {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: availableParallelism(),
    kernel: release(),
    node: process.version,
  };
  return { bench, machine, agent: installedAs(), ...measured };
}

/** The report for people. */
export function asText(report: Report): string {
  const { bench, machine, agent, rows, matrix } = report;
  const head = [
    "what",
    "unit",
    "ours",
    "peer",
    "ratio",
    "spread",
    "goal",
    "met",
  ];
  const cells = rows.map((row) => [
    row.what,
    row.unit,
    figure(row.ours),
    row.peer === null
      ? (row.peerName ?? "")
      : `${figure(row.peer)} (${row.peerName ?? ""})`,
    figure(row.ratio),
    figure(row.spread),
    row.goal ?? "",
    row.met === null ? "" : row.met ? "yes" : "MISSED",
  ]);
  const where = `${machine.cores} × ${machine.cpu}, Linux ${machine.kernel}, Node ${machine.node}`;
  const above = matrix === undefined ? [] : [matrixText(matrix)];
  const title = [`bench ${bench} on ${where}`, `agent: ${agent}`];
  return [...title, ...above, aligned(head, cells)].join("\n");
}

const matrixText = ({ head, rows, notes }: ReportMatrix): string =>
  [aligned(head, rows), ...notes].join("\n");

/** A row without a peer. */
export function alone(
  row: Pick<Row, "what" | "unit" | "ours"> & Partial<Row>,
): Row {
  return {
    peer: null,
    peerName: null,
    ratio: null,
    spread: null,
    goal: null,
    met: null,
    ...row,
  };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The smallest value that the share `q` of all does not exceed. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.floor(q * sorted.length));
  return sorted[at] ?? Number.NaN;
}

export function spread(values: readonly number[]): number {
  return (Math.max(...values) - Math.min(...values)) / median(values);
}

function figure(value: number | null): string {
  if (value === null) return "";
  return value === 0 ? "0" : String(Number(value.toPrecision(3)));
}
