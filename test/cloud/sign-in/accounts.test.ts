import { describe, expect, it } from "@jest/globals";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { silentLogger } from "../../../agent/log/logger.js";
import { openAccounts } from "../../../cloud/sign-in/accounts.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";

describe("the accounts' file", () => {
  it("is put aside when it is damaged, and told of", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "accounts.db");
    const damaged = "no database ".repeat(500);
    writeFileSync(path, damaged);
    const told: string[] = [];
    const error = (what: string) => void told.push(what);
    const accounts = openAccounts(path, { error });
    const rows = accounts.prepare("SELECT * FROM passwords").all();
    accounts.close();
    expect(rows).toEqual([]);
    expect(readFileSync(`${path}.damaged`, "utf8")).toBe(damaged);
    expect(told).toEqual([
      "the accounts are damaged: passwords have to be set anew",
    ]);
  });

  it("of a later version is left as it is", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "accounts.db");
    const accounts = openAccounts(path, silentLogger);
    accounts.pragma("user_version = 99");
    accounts.close();
    expect(() => openAccounts(path, silentLogger)).toThrow(
      "is of a later version of the cloud",
    );
    expect(existsSync(`${path}.damaged`)).toBe(false);
  });
});
