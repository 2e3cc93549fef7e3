import { describe, expect, it } from "@jest/globals";
import { generateKey } from "../../../agent/trust/keys.js";
import { CliCloud } from "../cli-cloud.js";
import { enrolWith } from "../../support/cloud/cloud.js";

describe("tokens for a roll-out", () => {
  it("let in so many hosts, which lists count", async () => {
    await using cloud = await CliCloud.start();
    const { run, url } = cloud;
    await run("org", "add", "example");
    const terms = ["--uses", "3", "--tag", "web", "eu"];
    const from = ["--from", "127.0.0.0/8"];
    const made = await run("token", "--org", "example", ...terms, ...from);
    expect(made).toMatchObject({ code: 0, err: "" });
    for (let host = 0; host < 2; host++) {
      await enrolWith(url, made.out.trim(), generateKey());
    }
    const listed = await run("token", "list", "--open");
    expect(listed.out).toMatch(/enr-\w+ .*2 of 3 came in, open until /);
    const hosts = await run("agents", "tag:web tag:eu");
    expect(hosts.out.match(/agt-\w+/g)).toHaveLength(2);

    const [id = ""] = /enr-\w+/.exec(listed.out) ?? [];
    const revoked = await run("token", "revoke", id);
    expect(revoked.out).toBe(
      `${id} is revoked; the 2 hosts that came in by it stay\n`,
    );
    expect((await run("token", "list")).out).toMatch(
      /2 of 3 came in, revoked by admin /,
    );
  });

  it("are for a whole number of hosts, from ranges", async () => {
    await using cloud = await CliCloud.start();
    const { run } = cloud;
    await run("org", "add", "example");
    const make = (...more: string[]) =>
      run("token", "--org", "example", ...more);
    expect(await make("--uses", "many")).toMatchObject({
      ...{ code: 2, out: "" },
      err: expect.stringContaining('--uses "many" is not a whole number'),
    });
    expect(await make("--from", "10.0.0.1/8")).toMatchObject({
      ...{ out: "", err: expect.stringContaining("10.0.0.1/8") },
    });
  });
});
