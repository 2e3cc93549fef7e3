import { describe, expect, it } from "@jest/globals";
import { generateKey } from "../../../agent/trust/keys.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { enrolWith, type Enrolled } from "../../support/cloud/cloud.js";
import { CliCloud } from "../cli-cloud.js";

describe("tourniquet-cloud", () => {
  it("asks what a ban would cut, and does not ban where that is too much", async () => {
    await using cloud = await CliCloud.start();
    const { run, url } = cloud;
    await run("org", "add", "example");
    const token = await run("token", "--org", "example");
    const key = generateKey();
    const { body } = await enrolWith(url, token.out, key);
    const who = { ...(body as Omit<Enrolled, "key">), key };
    using agent = await TestAgent.connect({ url }, who);
    const answer = async (live: number) => {
      const { id } = await agent.next("impact-question");
      const counts = { live, liveBegun: 1, recent: 40, recentBegun: 2 };
      agent.send({
        type: "impact-answer",
        id,
        ...counts,
        since: 0,
        whole: true,
      });
    };
    const asked = async (live: number, ...args: string[]) =>
      (await Promise.all([run(...args), answer(live)]))[0];

    const shown = await asked(7, "impact", "203.0.113.0/24");
    expect(shown.out).toMatch(/open flows +7$/m);
    expect(shown.out).toMatch(/remotes since 1970-01-01T00:00:00Z +40$/m);
    const told = await asked(7, "impact", "203.0.113.0/24", "--json");
    expect(JSON.parse(told.out)).toMatchObject({ asked: 1, live: 7 });

    const ban = ["ban", "203.0.113.0/24", "--check-impact", "5"];
    const refused = await asked(7, ...ban);
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toContain(
      "not banned: it would cut 7 open flows on 1 of 1 hosts, 7 on one of them; --check-impact allows 5.",
    );
    const silent = await run(...ban);
    expect(silent.err).toContain("none of 1 hosts said what it would cut");
    expect(silent.code).toBe(1);
    await agent.next("impact-question");
    expect((await run("decisions", "--json")).out).toBe("");

    const banned = await asked(5, ...ban);
    expect(banned.err).toBe("would cut 5 open flows on 1 hosts\n");
    expect(banned.out).toMatch(/^banned 1 range /);
    expect(await run("ban", "::1", "--check-impact", "few")).toMatchObject({
      ...{ code: 2, out: "" },
      err: 'tourniquet-cloud: --check-impact "few" is not a whole number\n',
    });
    const both = await run(...ban, "--observe");
    expect([both.code, both.err]).toEqual([
      2,
      expect.stringContaining("cannot be used with"),
    ]);
  });
});
