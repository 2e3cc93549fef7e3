import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { systemClock } from "../../../agent/runtime/clock.js";
import { foundCloud } from "../../../cloud/setup.js";
import { startTestCloud, temporaryFolder } from "../../support/cloud/cloud.js";
import { operatorOf, runIn } from "./operator.js";

describe("operator", () => {
  it("lets somebody in, whose token then speaks for them", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    const added = await run("operator", "add", "anna", "--role", "analyst");
    expect(added.err).toBe("");
    expect(added.out).toMatch(/^opr-[0-9a-f]{16}$/);
    const { out: token } = await run(
      ...["operator", "token", "anna", "--label", "laptop"],
    );
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, "token"), `${token}\n`);
    const dir = join(folder.path, "anna");
    const connected = await run(
      ...["connect", "--url", cloud.url, "--dir", dir],
      ...["--token-file", join(folder.path, "token")],
    );
    expect(connected).toMatchObject({
      ...{ code: 0, err: "" },
      out: `${dir} speaks to ${cloud.url} as anna, analyst of the vendor`,
    });
    expect(statSync(join(dir, "operator.token")).mode & 0o777).toBe(0o600);
    const me = await run("whoami", "--dir", dir);
    expect(me.out).toContain(`anna (${added.out}), analyst of the vendor`);
    expect(me.out).toContain("what is dangerous: not now");
    const shown = await run("operator", "list", "--json", "--dir", dir);
    expect(JSON.parse(`[${shown.out.replaceAll("\n", ",")}]`)).toMatchObject([
      { name: "admin", role: "admin" },
      { name: "anna", role: "analyst", addedBy: "admin" },
    ]);
    const refused = await run(
      ...["operator", "add", "ben", "--role", "viewer", "--dir", dir],
    );
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain("takes the role admin");
  });

  it("shows tokens without their secrets, and revokes them", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("operator", "add", "anna", "--role", "approver");
    const made = await run(
      ...["operator", "token", "anna", "--role", "viewer", "--json"],
      ...["--expires", "2h", "--label", "dashboard"],
    );
    const { id, token } = JSON.parse(made.out) as { id: string; token: string };
    const listed = await run("operator", "tokens", "anna");
    expect(listed.out).toMatch(
      new RegExp(`${id} +token +dashboard +viewer .*admin`),
    );
    expect(listed.out).not.toContain(token);
    const revoked = await run("operator", "revoke", id, "--reason", "lost");
    expect(revoked.out).toBe(`token ${id} is revoked`);
    const after = await run("operator", "tokens", "anna");
    expect(after.out).toMatch(/revoked .* by admin: lost/);
    const own = await run("operator", "tokens");
    expect(own.out).toMatch(/tok-\w+ +token +operator.token .*it is revoked/);
  });

  it("changes what somebody may, sends them away and takes them back", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("org", "add", "Acme");
    await run(
      ...["operator", "add", "soar", "--role", "actuator", "--limits"],
      "per-minute=10,v4=/32,v6=/64,longest=4h",
    );
    const list = (await run("operator", "list")).out;
    expect(list).toMatch(/soar .*10 a minute, \/32, v6 \/64, 14400 s/);
    const changed = await run(
      ...["operator", "change", "soar", "--role", "viewer", "--org", "acme"],
    );
    expect(changed.out).toMatch(/soar +opr-\w+ +viewer +acme/);
    const back = await run("operator", "change", "soar", "--vendor-wide");
    expect(back.out).toMatch(/soar +opr-\w+ +viewer +the vendor/);
    const away = await run("operator", "disable", "soar", "--reason", "sold");
    expect(away.out).toMatch(/^soar \(opr-\w+\) is disabled/);
    expect((await run("operator", "list", "--disabled")).out).toContain("soar");
    const again = await run("operator", "enable", "soar");
    expect(again.out).toMatch(/^soar \(opr-\w+\) is enabled$/);
  });

  it.each([
    [["add", "ben"], "--role is needed"],
    [["change", "admin"], "say what is to change"],
    [["disable", "admin"], "admin is the last admin of the vendor"],
    [["token", "nobody"], "there is no operator nobody"],
    [
      ["token", "admin", "--expires", "5y"],
      '--expires "5y" is not a time such as 30s, 15m, 4h or 7d',
    ],
    [
      ["add", "bot", "--role", "actuator", "--limits", "v4=32"],
      "per-minute is missing",
    ],
    [["add", "bot", "--role", "actuator"], "an actuator needs limits"],
    [
      ["add", "ben", "--role", "viewer", "--org", "nobody"],
      "there is no org nobody",
    ],
  ])("%j is told why not", async (words, why) => {
    await using cloud = await startTestCloud();
    const { code, err } = await operatorOf(cloud)("operator", ...words);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });
});

describe("init", () => {
  it("calls the first admin by the name that is given", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const bad = await runIn(dir, "init", "--admin", "rule:x");
    expect(bad.code).toBe(2);
    expect(bad.err).toContain('--admin "rule:x": 1 to 64 letters');
    const made = await runIn(
      ...([dir, "init", "--admin", "Anna Example"] as const),
      ...["--listen", "127.0.0.1:0"],
    );
    expect(made.code).toBe(0);
    await using cloud = await startTestCloud({ dir });
    const me = await operatorOf(cloud)("whoami");
    expect(me.out).toMatch(/^Anna Example \(opr-\w+\), admin of the vendor/);
  });
});

describe("operator rescue", () => {
  it("makes a way in where none is left, while the cloud does not run", async () => {
    using folder = temporaryFolder();
    const dir = join(folder.path, "cloud");
    const file = join(dir, "operator.token");
    const founding = { dir, name: "c", publicUrl: undefined, admin: "anna" };
    foundCloud({ ...founding, listen: "127.0.0.1:0" }, systemClock);
    const lost = readFileSync(file, "utf8");
    for (const name of ["anna", "ben"]) {
      const { out } = await runIn(dir, "operator", "rescue", name);
      expect(out).toBe(`${file} speaks for ${name}, admin of the vendor`);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(readFileSync(file, "utf8")).not.toBe(lost);
      await using cloud = await startTestCloud({ dir });
      const run = operatorOf(cloud);
      const me = await run("whoami");
      expect(me.out).toMatch(new RegExp(`^${name} .*admin of the vendor`));
      const names = (await run("operator", "list")).out.match(/^\w+/gm);
      const all = name === "anna" ? ["anna"] : ["anna", "vic", "ben"];
      expect(names).toEqual(["name", ...all]);
      const running = await run("operator", "rescue");
      expect(running.err).toContain("is held by another process");
      expect(running.code).not.toBe(0);
      await run("operator", "add", "vic", "--role", "viewer");
    }
    const other = await runIn(dir, "operator", "rescue", "vic");
    expect(other.err).toContain("vic is viewer of the vendor");
  });
});

describe("connect", () => {
  it("writes nothing for a token that the cloud does not know", async () => {
    await using cloud = await startTestCloud();
    using folder = temporaryFolder();
    const file = join(folder.path, "token");
    writeFileSync(file, "A".repeat(43));
    const dir = join(folder.path, "anna");
    const refused = await operatorOf(cloud)(
      ...["connect", "--url", cloud.url, "--dir", dir, "--token-file", file],
    );
    expect(refused.code).toBe(2);
    expect(refused.err).toContain(`does not know the token in "${file}"`);
    expect(() => readFileSync(join(dir, "operator.token"))).toThrow("ENOENT");
  });

  it("says where to go for what needs a step-up", async () => {
    await using cloud = await startTestCloud();
    using folder = temporaryFolder();
    const dir = join(folder.path, "away");
    const run = operatorOf(cloud);
    const file = join(cloud.dir, "operator.token");
    await run(
      ...["connect", "--url", cloud.url, "--dir", dir, "--token-file", file],
    );
    const refused = await run(
      ...["operator", "add", "ben", "--role", "viewer", "--dir", dir],
    );
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("tourniquet-cloud step-up");
  });

  it("leaves a cloud's own folder as it is", async () => {
    await using cloud = await startTestCloud();
    const file = join(cloud.dir, "operator.token");
    const refused = await operatorOf(cloud)(
      ...["connect", "--url", cloud.url, "--token-file", file],
    );
    expect(refused.err).toContain("is a cloud's own folder");
  });

  it("sends no token over a network in the clear", async () => {
    await using cloud = await startTestCloud();
    using folder = temporaryFolder();
    const file = join(cloud.dir, "operator.token");
    const refused = await operatorOf(cloud)(
      ...["connect", "--url", "http://bans.example", "--token-file", file],
      ...["--dir", folder.path],
    );
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("does not cross a network in the clear");
  });
});

describe("token", () => {
  it("is listed and revoked by its id", async () => {
    await using cloud = await startTestCloud();
    const run = operatorOf(cloud);
    await run("org", "add", "Acme");
    const made = await run(
      "token",
      "--org",
      "acme",
      "--label",
      "web",
      "--json",
    );
    const { id } = JSON.parse(made.out) as { id: string };
    const listed = await run("token", "list", "--open", "--org", "acme");
    expect(listed.out).toMatch(new RegExp(`${id} +acme +web .*open until`));
    const revoked = await run("token", "revoke", id, "--reason", "lost");
    expect(revoked).toMatchObject({ code: 0, out: `${id} is revoked` });
    expect((await run("token", "list", "--open")).out).not.toContain(id);
    const all = (await run("token", "list", "--json")).out;
    expect(JSON.parse(all)).toMatchObject({ id, revokedBy: "admin" });
    const none = await run("token");
    expect(none.err).toContain("--org is needed");
  });
});
