import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as v from "valibot";
import type { AgentEvents } from "../../events/events.js";
import { Id, parseJson, Time } from "../../protocol/shapes.js";
import { writeWhole } from "../../runtime/atomic-file.js";

/** The last bundle: what a host without a network knows of its cloud. */
export const CarryMark = v.strictObject({
  /** Who this host was then. */
  agent: Id,
  /** When the cloud wrote it; milliseconds since 1970, both. */
  madeAt: Time,
  appliedAt: Time,
});
export type CarryMark = v.InferOutput<typeof CarryMark>;

/** Undefined where none can be read, or it is another's: it is only for people. */
export function readMark(folder: string, agent: string): CarryMark | undefined {
  try {
    const text = readFileSync(pathOf(folder), "utf8");
    const mark = parseJson(CarryMark, text, "mark");
    return mark.agent === agent ? mark : undefined;
  } catch {
    return undefined;
  }
}

export function keepMark(
  folder: string,
  mark: CarryMark,
  events: Pick<AgentEvents, "carryMarkNotKept">,
): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeWhole(pathOf(folder), `${JSON.stringify(mark)}\n`);
  } catch (error) {
    events.carryMarkNotKept(error);
  }
}

const pathOf = (folder: string): string => join(folder, "last.json");
