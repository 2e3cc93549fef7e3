import type { Backend } from "../../agent/enforce/pick.js";
import { measure } from "./measure.js";
import { sayLast } from "./sandbox.js";
import { Stage } from "./stage.js";
import { openTourniquet } from "./tourniquet.js";

/** The process on the stage: bans with our own enforcer, and says what it did. */
await sayLast(async () => {
  const subject = await openTourniquet(process.argv[2] as Backend);
  return measure(await Stage.build(), subject);
});
