import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../../agent/runtime/atomic-file.js";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { checkFolder, readPrivate } from "./private-files.js";

/**
 * Whether this host is to run without a cloud. An identity goes over it: who has one
 * has a cloud.
 * @throws Failure when the file could have been another's
 */
export const standsAlone = (stateDir: string): boolean =>
  readPrivate(pathOf(stateDir)) !== undefined;

/** Has the agent of this host run without a cloud. @throws Failure */
export function standAlone(stateDir: string): void {
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    checkFolder(stateDir);
    writeWhole(pathOf(stateDir), `${JSON.stringify({ version: 1 })}\n`);
  } catch (error) {
    const why = messageOf(error);
    throw failed(`cannot write into ${stateDir}: ${why}`, error);
  }
}

/** It has a cloud from here on. */
export function endStandingAlone(stateDir: string): void {
  rmSync(pathOf(stateDir), { force: true });
}

/** The unit has it as a condition. */
const pathOf = (stateDir: string): string => join(stateDir, "stand-alone.json");
