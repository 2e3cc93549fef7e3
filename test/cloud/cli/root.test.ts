import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { CliCloud } from "../cli-cloud.js";
import { runHere } from "./operator.js";

describe("tourniquet-cloud root", () => {
  it("moves the root key to two of three people, on machines of their own", async () => {
    await using cloud = await CliCloud.start();
    const { run: here, dir } = cloud;
    const at = (name: string) => cloud.path(name);
    /** A machine that has no cloud. */
    const away = (...args: string[]) =>
      runHere("root", ...args, "--dir", at("nowhere"));

    expect(cloud.founded.err).toContain("the key of the root lies in");
    for (const who of ["alice", "bob", "carol"]) {
      expect(await away("key", "--out", at(who))).toMatchObject({ code: 0 });
      expect(statSync(at(who)).mode & 0o777).toBe(0o600);
    }
    const first = /^root: 1 of 1: (\w{16})/m.exec(
      (await here("root", "show")).out,
    )?.[1];
    const draft = at("2.json");
    const people = ["alice", "bob", "carol"].flatMap((who) => [
      "--add",
      `root=${at(who)}.pub`,
    ]);
    const remove = ["--remove", first ?? "", "--threshold", "root=2"];
    const drafted = await here(
      "root",
      "draft",
      ...people,
      ...remove,
      "--out",
      draft,
    );
    expect(drafted.out).toContain("0 of the 2 that root 2 asks for, 2 missing");

    await here("root", "sign", draft, "--key", join(dir, "keys/root.pem"));
    await away("sign", draft, "--key", at("alice"));
    const early = await here("root", "publish", draft);
    expect(early).toMatchObject({ code: 2 });
    expect(early.err).toContain("1 of 2 needed signatures for root are good");
    await away("sign", draft, "--key", at("bob"));
    expect(await here("root", "publish", draft)).toMatchObject({ code: 0 });
    const shown = await here("root", "show");
    expect(shown.out).toContain("root 2, fingerprint");
    expect(shown.out).not.toContain(first);
    expect(readFileSync(join(dir, "roots/2.json"), "utf8")).toContain("signed");
  });

  it("publishes for a cloud that does not run", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const draft = join(folder.path, "2.json");
    const run = (...args: string[]) => runHere(...args, "--dir", dir);
    await run("init");
    const renew = ["--renew", "content", "--renew", "head"];
    await run("root", "draft", ...renew, "--days", "30", "--out", draft);
    await run("root", "sign", draft, "--key", join(dir, "keys/root.pem"));
    const { code, out } = await run("root", "publish", draft);
    expect({ code, out }).toMatchObject({
      code: 0,
      out: expect.stringContaining("root 2 is in force"),
    });
    const again = await run("root", "publish", draft);
    expect(again.err).toContain("refused (replayed)");
    const journal = new BetterSqlite3(join(dir, "journal.db"));
    journal.exec(
      `CREATE TABLE events (seq INTEGER PRIMARY KEY, at, body, bytes);
       INSERT INTO events VALUES (1, 1, '{"kind":"x"}', NULL)`,
    );
    journal.close();
    const mixed = await run("root", "publish", draft);
    expect(mixed.err).toContain("was written by an earlier version beside");
  });

  it.each([
    ["a role that is none", ["draft", "--renew", "king", "--out", "x"]],
    ["a threshold without a role", ["draft", "--threshold", "2", "--out", "x"]],
    ["a key that is not there", ["sign", "package.json", "--key", "nowhere"]],
    ["a draft that is none", ["publish", "package.json"]],
  ])("refuses %s", async (_, args) => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    await runHere("init", "--dir", dir);
    const { code, err } = await runHere("root", ...args, "--dir", dir);
    expect(code).toBe(2);
    expect(err).not.toBe("");
  });
});
