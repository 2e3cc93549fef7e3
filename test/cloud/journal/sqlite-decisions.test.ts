import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { holdAlone, openDatabase } from "../../../cloud/journal/database.js";
import {
  decisionRows,
  SqliteDecisions,
} from "../../../cloud/journal/sqlite-decisions.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { itKeepsDecisions, orgAdded } from "./decisions-contract.js";

itKeepsDecisions({
  name: "SQLite",
  open: (folder, clock, disk) =>
    SqliteDecisions.open(join(folder, "decisions.db"), clock, disk),
});

describe("the decisions' file", () => {
  it("is read row by row by others, with salts, while it is written to", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "decisions.db");
    using decisions = SqliteDecisions.open(path, systemClock);
    const orgs = Array.from({ length: 150 }, (_, n) => orgAdded(`o${n}`));
    await decisions.append(orgs);
    const reader = openDatabase(path, "read-only");
    const seqs: number[] = [];
    for (const { seq, salt, body } of decisionRows(reader, 10)) {
      expect([salt?.length, typeof body]).toEqual([32, "string"]);
      if (seq === 20) await decisions.append([orgAdded("late")]);
      seqs.push(seq);
    }
    reader.close();
    expect(seqs).toEqual(Array.from({ length: 141 }, (_, n) => n + 11));
  });

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
