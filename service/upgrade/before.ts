import { readFileSync } from "node:fs";
import * as v from "valibot";
import { parseJson } from "../../agent/protocol/shapes.js";
import type { StatusView } from "../control/status-view.js";

/** How a host was before its program is another: what the next may not fall behind. */
export const Before = v.object({
  version: v.string(),
  /** Of its ledger, which no new program makes anew. */
  ledger: v.number(),
  enforcing: v.boolean(),
  cloudUp: v.boolean(),
  /** A packet to a banned address was seen to be stopped. */
  proven: v.boolean(),
});
export type Before = v.InferOutput<typeof Before>;

export const beforeOf = (status: StatusView): Before => ({
  version: status.version,
  ledger: status.ledger.id,
  enforcing: status.enforcing,
  cloudUp: status.cloud.at === "up",
  proven: isProven(status),
});

/** @throws Malformed, or what reading throws */
export const readBefore = (path: string): Before =>
  parseJson(Before, readFileSync(path, "utf8"), "before.json");

/** Why the new program is not healthy yet; undefined when it is. */
export function lackOf(
  status: StatusView,
  before: Before,
  version: string,
): string | undefined {
  if (status.version !== version) {
    return `version ${status.version} answers, not ${version}`;
  }
  if (status.safeMode) return "it crashed again and again, and is in safe mode";
  if (status.ledger.id !== before.ledger) {
    return "it did not go on with the ledger, and began another";
  }
  if (before.enforcing && !status.enforcing) {
    return `the kernel is not what the ledger says: ${status.verdict.text}`;
  }
  if (before.cloudUp && status.cloud.at !== "up") {
    return `the cloud is not heard any more: ${status.cloud.why ?? "no answer yet"}`;
  }
  return proofLacks(status, before);
}

function proofLacks(status: StatusView, before: Before): string | undefined {
  const failed = status.proof?.latest.find(
    ({ outcome }) => outcome === "failed",
  );
  if (failed !== undefined) {
    return `a packet to ${failed.address}, which is banned, went on its way`;
  }
  if (before.proven && !isProven(status)) {
    return "no packet to a banned address was seen to be stopped yet";
  }
  return undefined;
}

const isProven = ({ proof }: StatusView): boolean =>
  proof?.latest.some(
    ({ outcome }) => outcome === "dropped" || outcome === "observed",
  ) ?? false;
