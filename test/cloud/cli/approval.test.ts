import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { CliCloud } from "../cli-cloud.js";
import { runHere } from "./operator.js";

describe("tourniquet-cloud approval", () => {
  it("lets the key of another machine allow what is wide", async () => {
    await using cloud = await CliCloud.start();
    const { run: here, dir } = cloud;
    const draft = cloud.path("1.json");
    /** A machine that has no cloud. */
    const away = (...args: string[]) =>
      runHere("approval", ...args, "--dir", cloud.path("nowhere"));

    const banned = await here(
      ...["ban", "16.0.0.0/12", "192.0.2.1", "--break-glass", "a test"],
    );
    expect(banned.err).toContain("needs-approval (wider than /16 (IPv6: /32)");
    expect(banned.err).toContain("approval draft --feed urgent --add RANGE");

    const add = ["--add", "16.0.0.0/12", "--rings", "1h,2h,3h"];
    const drafting = ["--feed", "urgent", ...add, "--share", "0.05"];
    const drafted = await here(
      "approval",
      "draft",
      ...drafting,
      "--out",
      draft,
    );
    expect(drafted.out).toContain("0 of the 1 that root 1 asks for, 1 missing");
    expect(drafted.out).toContain("limits raised: share 0.05");
    const early = await here("approval", "publish", draft);
    expect(early.code).toBe(2);
    expect(early.err).toContain(`nobody has signed ${draft} yet`);

    const content = join(dir, "keys/content.pem");
    const wrong = await away("sign", draft, "--key", content);
    expect(wrong.code).toBe(2);
    expect(wrong.err).toContain(`--key "${content}" is no critical key`);
    expect(readFileSync(draft, "utf8")).not.toContain('"signature"');

    const unhinted = cloud.path("unhinted.json");
    const { signers: _, ...rest } = JSON.parse(
      readFileSync(draft, "utf8"),
    ) as Record<string, unknown>;
    writeFileSync(unhinted, JSON.stringify(rest));
    await away("sign", unhinted, "--key", content);
    const unsigned = await here("approval", "publish", unhinted);
    expect(unsigned.err).toContain("0 of 1 needed signatures for critical");
    const shown = await away("show", draft);
    expect(shown.out).toContain("approval 1 of urgent");
    const key = ["--key", join(dir, "keys/critical.pem")];
    const signed = await away("sign", draft, ...key);
    expect(signed).toMatchObject({ code: 0 });
    const published = await here("approval", "publish", draft);
    expect(published.out).toContain("approval 1 for feed urgent is published");
    const again = await here("approval", "publish", draft);
    expect(again.err).toContain("approval 1 of urgent is past");

    const approved = await here(
      ...["ban", "16.0.0.0/13", "--break-glass", "a test"],
    );
    expect(approved.code).toBe(0);
    expect(approved.err).not.toContain("needs-approval");
    const now = await here("approval", "show");
    expect(now.out).toContain("ranges: 16.0.0.0/12");

    const next = cloud.path("2.json");
    const without = ["--remove", "16.0.0.0/12", "--usual-limits"];
    const second = ["--feed", "urgent", ...without, "--out", next];
    const less = await here("approval", "draft", ...second);
    expect(less.out).toContain("approval 2 of urgent");
    expect(less.out).toContain("ranges: none");
    expect(less.out).toContain("limits raised: none");
  });

  it.each([
    ["a feed that never leaves a host", ["--feed", "local"]],
    ["host bits", ["--feed", "urgent", "--add", "16.0.0.1/12"]],
    ["two rings", ["--feed", "urgent", "--rings", "1h,2h"]],
    ["a term without a unit", ["--feed", "urgent", "--start", "10"]],
  ])("refuses %s", async (_, args) => {
    using folder = temporaryFolder();
    const out = ["--out", join(folder.path, "x"), "--dir", folder.path];
    const draft = ["approval", "draft", ...args, ...out];
    const { code, err } = await runHere(...draft);
    expect(code).toBe(2);
    expect(err).not.toBe("");
  });
});
