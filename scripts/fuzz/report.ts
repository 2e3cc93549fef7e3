import type { Report } from "./fuzz.js";

/** A report for people: how far the inputs came, and what was found. */
export function asText(report: Report): string {
  const { target, seed, inputs, seconds, shapes, finding } = report;
  const rate = Math.round(inputs / Math.max(seconds, 0.001));
  const depths = Object.entries(report.depths)
    .sort(([, a], [, b]) => b - a)
    .map(([depth, count]) => `${String(count).padStart(10)}  ${depth}`);
  const took = `${inputs} inputs in ${seconds.toFixed(1)} s, ${rate}/s`;
  return [
    `${target}: ${took}, ${shapes} kinds of answers, seed ${seed}`,
    ...depths,
    ...(finding === undefined ? ["nothing found"] : found(finding)),
  ].join("\n");
}

function found(finding: NonNullable<Report["finding"]>): readonly string[] {
  const { check, problem, bytes } = finding;
  return [
    `FOUND ${check}: ${problem}`,
    `${bytes.length} bytes, base64: ${bytes.toString("base64")}`,
  ];
}
