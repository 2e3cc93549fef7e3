import type { Outcome } from "./siege.js";

/** One siege as people read it. */
export function asText({
  attack,
  thrown,
  seen,
  served,
  broken,
}: Outcome): string {
  const mb = (value: number) => `${value.toFixed(0)} MB`;
  const ms = (value: number) => `${value.toFixed(0)} ms`;
  const lines = [
    `thrown    ${thrown}`,
    `agent     at most ${mb(seen.agentMb)}, silent for ${ms(seen.agentSilenceMs)}; ${mb(seen.hostDiskMb)} of state`,
    `cloud     at most ${mb(seen.cloudMb)}, silent for ${ms(seen.cloudSilenceMs)}; ${mb(seen.cloudDiskMb)} of state`,
    `honest    ${served.done} bans and lifts in force on the honest host, the slowest after ${ms(served.slowestMs)}`,
    ...broken.map((each) => `BROKEN    ${each}`),
    broken.length === 0 ? "held" : "NOT HELD",
  ];
  return [
    `${attack.name}: ${attack.what}`,
    ...lines.map((line) => `  ${line}`),
  ].join("\n");
}
