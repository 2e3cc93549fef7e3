import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { holdAlone } from "../../../cloud/journal/database.js";
import { SqliteDecisions } from "../../../cloud/journal/sqlite-decisions.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { itKeepsDecisions, orgAdded } from "./decisions-contract.js";

itKeepsDecisions({
  name: "SQLite",
  open: (folder, clock, disk) =>
    SqliteDecisions.open(join(folder, "decisions.db"), clock, disk),
});

describe("the decisions' file", () => {
  it("keeps nothing of what was forgotten", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "decisions.db");
    {
      using decisions = SqliteDecisions.open(path, systemClock);
      await decisions.append([orgAdded("unforgettable-name")]);
      await decisions.empty(1, "all");
    }
    expect(readFileSync(path).includes("unforgettable")).toBe(false);
  });

  it("lets one process hold a folder at a time", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "lock");
    {
      using _held = holdAlone(path);
      expect(() => holdAlone(path)).toThrow("held by another process");
    }
    using again = holdAlone(path);
    expect(again).toBeDefined();
  });
});
