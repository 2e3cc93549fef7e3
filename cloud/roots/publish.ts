import type { SignedText } from "../../agent/protocol/signed-text.js";
import { filesOf } from "../folder.js";
import { DatabaseUnusable, holdAlone } from "../journal/database.js";
import { Signing, type Published } from "./signing.js";

/**
 * Puts the next root into force in the folder of a cloud that does not run.
 * @returns undefined when it runs, and has to be told
 * @throws Refused, BadRoot or BadFolder
 */
export function publishInto(
  dir: string,
  text: SignedText,
  now: number,
): Published | undefined {
  try {
    using _held = holdAlone(filesOf(dir).lock);
    return Signing.open(dir).publish(text, now);
  } catch (error) {
    if (error instanceof DatabaseUnusable) return undefined;
    throw error;
  }
}
