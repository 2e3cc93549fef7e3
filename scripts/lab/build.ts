import { existsSync } from "node:fs";
import { join } from "node:path";
import { ROOT, readUnit, type UnitStart } from "./unit.js";

/** A checkout that is built: both programs, and how its unit starts the agent. */
export interface Build {
  readonly root: string;
  readonly cloud: string;
  readonly agent: string;
  readonly unit: UnitStart;
  /** Where its cloud hears operators: before 0.5.0 elsewhere, in other shapes. */
  readonly api: "/api/v1" | "/v1";
}

export const buildAt = (root: string): Build => ({
  root,
  cloud: join(root, "cloud/tourniquet-cloud"),
  agent: join(root, "service/tourniquet"),
  unit: readUnit("tourniquet", root),
  api: existsSync(join(root, "docs/openapi.json")) ? "/api/v1" : "/v1",
});

export const THIS_BUILD: Build = buildAt(ROOT);
