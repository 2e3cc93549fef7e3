import { describe, expect, it } from "@jest/globals";
import type { ImpactTold } from "../../../cloud/cli/ask-bans.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { sharedCloud } from "../../support/cloud/shared-cloud.js";
import { askAsOperator, letIn } from "../../support/cloud/people.js";

const ask = (cloud: TestCloud, ranges: readonly string[], more: object = {}) =>
  cloud.request<ImpactTold>("POST", "/api/v1/impact", { ranges, ...more });

/** Says so to the next question. */
async function answer(
  agent: TestAgent,
  live: number,
  more: { recent?: number; since?: number; whole?: boolean } = {},
) {
  const { id, ranges } = await agent.next("impact-question");
  const { recent = live, since = 1_000, whole = true } = more;
  const counts = { live, liveBegun: 1, recent, recentBegun: 0 };
  agent.send({ type: "impact-answer", id, ...counts, since, whole });
  return ranges;
}

describe("what a ban would cut", () => {
  const shared = sharedCloud();

  it("is asked of the feed's agents, and summed", async () => {
    await using cloud = await startTestCloud();
    using acme = await TestAgent.connect(cloud, await cloud.enrol("acme"));
    using other = await TestAgent.connect(cloud, await cloud.enrol("other"));
    using third = await TestAgent.connect(cloud, await cloud.enrol("other"));

    const asking = ask(cloud, ["203.0.113.0/24", "2001:db8::1"]);
    const more = { recent: 9, since: 5_000, whole: false };
    const [ranges] = await Promise.all([
      answer(acme, 3),
      answer(other, 4, more),
    ]);
    const { id } = await third.next("impact-question");
    third.send({ type: "impact-refusal", id, why: "switched-off" });
    expect(ranges).toEqual(["203.0.113.0/24", "2001:db8::1"]);
    expect(await asking).toEqual({
      status: 200,
      body: {
        ...{ asked: 3, answered: 2, refused: 1, affected: 2, partial: 1 },
        affectedBegun: 2,
        ...{ live: 7, liveBegun: 2, liveOnOne: 4 },
        ...{ recent: 12, recentBegun: 0, since: "1970-01-01T00:00:05.000Z" },
        dangers: [],
      },
    });

    const closer = ask(cloud, ["203.0.113.7"], { feed: "org/acme" });
    await answer(acme, 0);
    const { body } = await closer;
    expect(body).toMatchObject({ asked: 1, answered: 1, affected: 0 });
    expect(other.messages).toEqual([]);
  });

  it("is told after two seconds, whoever is silent", async () => {
    await using cloud = await startTestCloud();
    using _silent = await TestAgent.connect(cloud, await cloud.enrol());
    const { body } = await ask(cloud, ["203.0.113.7"]);
    expect(body).toMatchObject({
      ...{ asked: 1, answered: 0, refused: 0, live: 0, since: null },
    });
  });

  it("counts nobody twice, and nobody who was not asked", async () => {
    await using cloud = await startTestCloud();
    using acme = await TestAgent.connect(cloud, await cloud.enrol("acme"));
    using acme2 = await TestAgent.connect(cloud, await cloud.enrol("acme"));
    using other = await TestAgent.connect(cloud, await cloud.enrol("other"));
    const asking = ask(cloud, ["203.0.113.7"], { feed: "org/acme" });
    const { id } = await acme.next("impact-question");
    const counts = { liveBegun: 0, recent: 0, recentBegun: 0, since: 0 };
    const said = { type: "impact-answer", id, whole: true, ...counts } as const;
    other.send({ ...said, live: 500 });
    acme.send({ ...said, live: 2 });
    acme.send({ ...said, live: 50 });
    acme2.send({ ...said, id: SOMEBODY_ELSES, live: 9 });
    await answer(acme2, 1);
    expect((await asking).body).toMatchObject({ asked: 2, live: 3 });
  });

  it("nobody's open questions keep others from asking", async () => {
    await using cloud = await startTestCloud();
    using _silent = await TestAgent.connect(cloud, await cloud.enrol("acme"));
    const { token } = await letIn(cloud, {
      ...{ name: "eager", role: "analyst", org: "acme" },
    });
    const asked = Array.from({ length: 9 }, () =>
      askAsOperator(
        ...([
          cloud,
          token,
          ["POST", "/impact", { ranges: ["203.0.113.7"] }],
        ] as const),
      ),
    );
    const { status } = await ask(cloud, ["203.0.113.7"]);
    expect(status).toBe(200);
    const statuses = (await Promise.all(asked)).map((one) => one.status);
    expect(statuses.sort()).toEqual([...Array<number>(8).fill(200), 503]);
  });

  it("is not asked where nobody is there", async () => {
    await using cloud = await startTestCloud();
    const { body } = await ask(cloud, ["203.0.113.7"]);
    expect(body).toMatchObject({ asked: 0, answered: 0, live: 0, since: null });
  });

  it.each([
    ["no range", [], [400, "ranges"]],
    ["257 ranges", Array<string>(257).fill("192.0.2.1"), [400, "ranges"]],
    ["all there is", ["0.0.0.0/0"], [400, "ranges.0"]],
  ] as const)("refuses %s", async (_, ranges, [status, field]) => {
    const cloud = shared();
    const answered = await ask(cloud, ranges);
    expect(answered).toMatchObject({ status, body: { errors: [{ field }] } });
  });

  it("refuses a feed that there is not", async () => {
    await using cloud = await startTestCloud();
    const answered = await ask(cloud, ["192.0.2.1"], { feed: "org/nobody" });
    expect(answered).toMatchObject({
      ...{ status: 404, body: { errors: [{ field: "feed" }] } },
    });
  });
});

const SOMEBODY_ELSES = "0c4f9d52-3b1e-4c7a-9f60-7d2e8a1b5c34";
