import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import BetterSqlite3 from "better-sqlite3";
import { until } from "../../support/time/clock.js";
import { CliCloud } from "../cli-cloud.js";
import { runHere } from "./operator.js";

describe("tourniquet-cloud log", () => {
  it("proves what was decided to somebody who has the root alone", async () => {
    await using cloud = await CliCloud.start();
    const { run } = cloud;
    const at = (name: string) => cloud.path(name);
    await run("ban", "203.0.113.7", "--reason", "ssh brute force");
    await run("ban", "203.0.113.8", "--reason", "somebody else");
    const newest = ["log", "prove", "op", "urgent", "2"];
    await until(
      "it is folded",
      async () => {
        const { code } = await run(...newest, "--out", at("newest.json"));
        return code === 0;
      },
      20_000,
    );
    await cloud.stop();
    const head = await run("log", "head");
    expect(head.out).toMatch(/^tourniquet\/tourniquet\/[0-9a-f]{16}\n\d+\n/);
    expect(head.err).toContain("leaves, over all that was decided so far");

    const root = await run("root", "show", "--json");
    writeFileSync(at("root.json"), root.out);
    const made = await run(
      ...["log", "prove", "op", "urgent", "1", "--out", at("op.json")],
    );
    expect(made).toMatchObject({ code: 0 });
    const fingerprint = /root (\w{64})/.exec(made.out)?.[1] ?? "";
    const away = (file: string, ...more: string[]) =>
      runHere(
        ...["log", "check", at(file), "--root", at("root.json")],
        ...["--dir", at("nowhere"), ...more],
      );
    const shown = await away("op.json", "--fingerprint", fingerprint);
    expect(shown).toMatchObject({ code: 0 });
    expect(JSON.parse(shown.out)).toMatchObject({
      ...{ feed: "urgent", number: 1 },
      op: { op: "ban", range: "203.0.113.7", reason: "ssh brute force" },
    });
    expect(readFileSync(at("op.json"), "utf8")).not.toContain("somebody else");

    const proof = JSON.parse(readFileSync(at("op.json"), "utf8")) as {
      leaf: { index: number; payload: string; path: string[] };
    };
    const bad = {
      another: { ...proof.leaf, index: proof.leaf.index + 1 },
      bent: { ...proof.leaf, payload: proof.leaf.payload.replace(".7", ".9") },
      cut: { ...proof.leaf, path: proof.leaf.path.slice(1) },
    };
    for (const [name, leaf] of Object.entries(bad)) {
      writeFileSync(at("bad.json"), JSON.stringify({ ...proof, leaf }));
      expect({ name, ...(await away("bad.json")) }).toMatchObject({
        ...{ name, code: 2 },
        err: expect.stringMatching(/is not in the tree|commits to something/),
      });
    }
    const other = await away("op.json", "--fingerprint", "00".repeat(32));
    expect(other.err).toContain("the root's fingerprint is");
    const here = (...more: string[]) =>
      run("log", "check", at("op.json"), "--fingerprint", ...more);
    expect(await here(fingerprint)).toMatchObject({ code: 0 });
    const elsewhere = await here("00".repeat(32));
    expect(elsewhere.err).toContain("the root's fingerprint is");

    expect(await run("log", "check")).toMatchObject({ code: 0 });
    const sqlite = new BetterSqlite3(join(cloud.dir, "decisions.db"));
    sqlite.exec(
      `UPDATE decisions SET body = replace(body, 'somebody else', 'nobody')
       WHERE body LIKE '%somebody else%'`,
    );
    sqlite.close();
    const changed = await run("log", "check");
    expect(changed.code).toBe(1);
    expect(changed.err).toMatch(/event \d+ does not fit its leaf \d+/);
  });

  it.each([
    ["no such event", ["prove", "99999", "--out", "x.json"]],
    ["words that say nothing", ["prove", "everything", "--out", "x.json"]],
    ["a proof that is none", ["check", "package.json"]],
    ["a fingerprint for no proof", ["check", "--fingerprint", "00".repeat(32)]],
  ])(
    "refuses %s",
    async (_, args) => {
      await using cloud = await CliCloud.start();
      await cloud.stop();
      const { code, err } = await cloud.run("log", ...args);
      expect(code).toBe(2);
      expect(err).not.toBe("");
    },
    30_000,
  );
});
