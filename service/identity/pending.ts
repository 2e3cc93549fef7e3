import { rmSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import { KeyId, Sha256, parseJson } from "../../agent/protocol/shapes.js";
import { writeWhole } from "../../agent/runtime/atomic-file.js";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { readPrivate } from "./private-files.js";

/** What a host remembers of a request whose answer has not come. */
export const PendingEnrolment = v.strictObject({
  version: v.literal(1),
  /** The device key that is to be enrolled. */
  key: KeyId,
  /** The token's: where the cloud is, and the root to trust. */
  url: v.pipe(v.string(), v.url(), v.maxLength(512)),
  root: Sha256,
  /** SHA-256 of the token's secret; absent of what was written before 0.8.0. */
  token: v.exactOptional(Sha256),
});
export type PendingEnrolment = v.InferOutput<typeof PendingEnrolment>;

/** @throws Failure when it cannot be read; undefined: nothing is pending */
export function readPending(stateDir: string): PendingEnrolment | undefined {
  const path = pathOf(stateDir);
  const text = readPrivate(path);
  if (text === undefined) return undefined;
  try {
    return parseJson(PendingEnrolment, text, "pending enrolment");
  } catch (error) {
    const why = messageOf(error);
    throw failed(`${path} is damaged: ${why}; make a new request`, error);
  }
}

export function keepPending(stateDir: string, pending: PendingEnrolment): void {
  writeWhole(pathOf(stateDir), `${JSON.stringify(pending)}\n`);
}

export function forgetPending(stateDir: string): void {
  rmSync(pathOf(stateDir), { force: true });
}

const pathOf = (stateDir: string): string =>
  join(stateDir, "enrolment-pending.json");
