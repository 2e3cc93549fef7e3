import { randomBytes } from "node:crypto";
import type { LogBegun } from "../journal/decision-events.js";

/** Begins a log: agents hold its heads against each other, and never against another's. */
export const logBegun = (): LogBegun => ({
  kind: "log-begun",
  log: randomBytes(8).toString("hex"),
});
