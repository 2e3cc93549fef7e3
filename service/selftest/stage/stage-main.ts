import { measure } from "../measure.js";
import { sayLast } from "./sandbox.js";
import { Stage } from "./stage.js";
import { openTourniquet, type Manner } from "./tourniquet.js";

/** The process on the stage: bans with our own enforcer, and says what it did. */
await sayLast(async () => {
  const [, , manner = ""] = process.argv;
  const subject = await openTourniquet(JSON.parse(manner) as Manner);
  return measure(await Stage.build(), subject);
});
