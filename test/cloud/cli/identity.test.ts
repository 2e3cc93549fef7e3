import { randomUUID } from "node:crypto";
import { describe, expect, it } from "@jest/globals";
import { generateKey } from "../../../agent/trust/keys.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { enrolWith, eventually } from "../../support/cloud/cloud.js";
import { CliCloud } from "../cli-cloud.js";

describe("tourniquet-cloud, when a device key is in two places", () => {
  it("tells of both, takes note of who saw to it, and sends both away", async () => {
    await using served = await CliCloud.start();
    const { run, url } = served;
    await run("org", "add", "example");
    const token = (await run("token", "--org", "example")).out;
    const key = generateKey();
    const { body } = await enrolWith(url, token.trim(), key);
    const { agent, cloud } = body as { agent: string; cloud: string };
    const who = { agent, org: "example", cloud, key };
    const [own, copy] = [randomUUID(), randomUUID()];
    for (const boot of [own, copy, own]) {
      using process = TestAgent.dial(url);
      await process.hello(who, [], { boot });
      await process.next("welcome");
    }
    const told = await eventually(async () => {
      const { out } = await run("clones");
      return out.includes(own) ? out : undefined;
    });
    expect(told).toMatch(
      new RegExp(`${agent} .*${own} \\(0.1.0\\) from 127.* ${copy} .* no`),
    );
    expect((await run("agents")).out).toContain("CLONED (see clones)");
    await run("clones", "--clear", agent);
    expect((await run("agents")).out).not.toContain("CLONED");

    using alive = await TestAgent.connect({ url }, who);
    const revoked = await run("revoke", agent, "--reason", "its disk was sold");
    expect(revoked).toMatchObject({ code: 0, err: "" });
    expect(await alive.ended).toEqual({ code: 4403, reason: "revoked" });
    expect((await run("agents")).out).toMatch(/revoked \(its disk was sold\)/);
    expect(await run("revoke", "agt-nobody")).toEqual({
      ...{
        code: 2,
        out: "",
        err: expect.stringContaining(
          "no agent with id or host name agt-nobody",
        ),
      },
    });
  });
});
