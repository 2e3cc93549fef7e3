import { describe, expect, it } from "@jest/globals";
import { join } from "node:path";
import { silentLogger } from "../../../agent/log/logger.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { openAccounts } from "../../../cloud/sign-in/accounts.js";
import { KeptAnswers } from "../../../cloud/sign-in/kept-answers.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";

/** Works with answers of so many characters. */
function withKept(work: (kept: Kept) => void): void {
  using folder = temporaryFolder();
  const accounts = openAccounts(join(folder.path, "accounts.db"), silentLogger);
  try {
    const ports = { clock: systemClock, log: silentLogger };
    const answers = new KeptAnswers(accounts, ports);
    work({
      keep: (id, org, length = 1) => {
        const answer = { status: 200, text: "x".repeat(length), etag: "" };
        answers.keep({ id, request: "", org, answer });
      },
      isKept: (id) => answers.find(id) !== undefined,
    });
  } finally {
    accounts.close();
  }
}

interface Kept {
  readonly keep: (id: string, org: string | null, length?: number) => void;
  readonly isKept: (id: string) => boolean;
}

describe("answers kept for keys", () => {
  it("go by an org's own newer ones, and by nobody else's", () =>
    withKept(({ keep, isKept }) => {
      for (const of of ["vendor", "other"]) {
        keep(of, of === "vendor" ? null : of);
      }
      for (let index = 0; index < 201; index++) keep(`mine${index}`, "mine");
      expect(isKept("mine0")).toBe(false);
      expect(isKept("mine1")).toBe(true);
      expect(isKept("vendor")).toBe(true);
      expect(isKept("other")).toBe(true);
    }));

  it("are bounded in bytes, too", () =>
    withKept(({ keep, isKept }) => {
      const MIB = 1024 * 1024;
      keep("vendor", null);
      for (const id of ["1", "2", "3", "4"]) keep(id, "mine", MIB);
      expect(["1", "2", "3", "4"].filter(isKept)).toEqual(["2", "3", "4"]);
      for (let org = 0; org < 16; org++) {
        for (const id of ["1", "2", "3"])
          keep(`${org}-${id}`, `org${org}`, MIB);
      }
      expect(["2", "3", "4"].some(isKept)).toBe(false);
      expect(isKept("15-3")).toBe(true);
      expect(isKept("vendor")).toBe(true);
    }));
});
