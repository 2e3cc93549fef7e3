import { describe, expect, it, jest } from "@jest/globals";
import { wire2 } from "../../../agent/protocol/wire.js";
import { TestAgent } from "../../support/agent/test-agent.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { askAtDoor, letIn } from "../../support/cloud/people.js";
import { until } from "../../support/time/clock.js";
import { operatorOf, listOf } from "../cli/operator.js";

jest.setTimeout(60_000);

/** Wider than a /20, or more than five new ranges. */
const SETTINGS = {
  rollout: { ranges: 5, waits: [60, 120, 180] as [number, number, number] },
};
const WIDE = "45.8.0.0/18";
const HOSTS = ["45.9.0.1", "45.9.0.2", "45.9.0.3", "45.9.0.4", "45.9.0.5"];

interface Ordered {
  readonly decision: string | null;
  readonly rings: Readonly<Record<string, string>> | null;
  readonly effects: readonly { readonly effect: string }[];
  readonly counts: Readonly<Record<string, number>>;
}

const banned = async (cloud: TestCloud, order: object) =>
  (await cloud.request<Ordered>("POST", "/api/v1/bans", order)).body;

const imported = async (
  cloud: TestCloud,
  lines: readonly string[],
  query = "",
) =>
  (
    await cloud.request<Ordered>(
      ...(["POST", `/api/v1/imports?list=bad&${query}`] as const),
      `${lines.join("\n")}\n`,
    )
  ).body;

const ringsOf = async (cloud: TestCloud) => {
  type Listed = { items: { range: string; rings: object | null }[] };
  const { body } = await cloud.request<Listed>("GET", "/api/v1/bans");
  return Object.fromEntries(
    body.items.map(({ range, rings }) => [range, rings !== null]),
  );
};

describe("what is large goes ring by ring by itself", () => {
  it("so fast that all have begun within a quarter of its life", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    const { rings } = await banned(cloud, { range: WIDE, for: "8m" });
    const times = ["canary", "early", "broad", "all"].map((ring) =>
      Date.parse(rings![ring]!),
    );
    const waits = times.slice(1).map((at, index) => at - times[index]!);
    expect(waits).toEqual([20_000, 40_000, 60_000]);
  });

  it("a wide ban, with its times, and what is narrow beside it at once", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    const ranges = [WIDE, "203.0.113.7", "2001:db8::/32"];
    const { rings } = await banned(cloud, { ranges });
    const at = (ring: string) => Date.parse(rings![ring]!) / 1_000;
    expect(at("early") - at("canary")).toBe(60);
    expect(at("broad") - at("early")).toBe(120);
    expect(at("all") - at("broad")).toBe(180);
    expect(await ringsOf(cloud)).toEqual({
      ...{ [WIDE]: true, "2001:db8::/32": true, "203.0.113.7": false },
    });
  });

  it("sooner for nobody who orders it once more, but for who says so", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    await banned(cloud, { range: WIDE, for: "4h" });
    const longer = await banned(cloud, { range: WIDE, for: "9h" });
    expect(longer).toMatchObject({ effects: [{ effect: "extended" }] });
    expect(await ringsOf(cloud)).toEqual({ [WIDE]: true });
    await banned(cloud, { range: WIDE, for: "9h", noRings: true });
    expect(await ringsOf(cloud)).toEqual({ [WIDE]: false });
    // What all hosts have stays theirs.
    await banned(cloud, { range: WIDE, for: "20h" });
    expect(await ringsOf(cloud)).toEqual({ [WIDE]: false });
  });

  it("a list with many new ranges, as a whole; and not with few", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    const few = await imported(cloud, HOSTS);
    expect(few).toMatchObject({ counts: { new: 5 }, rings: null });
    const more = [
      "45.9.1.1",
      "45.9.1.2",
      "45.9.1.3",
      "45.9.1.4",
      "45.9.1.5",
      "45.9.1.6",
    ];
    const many = await imported(cloud, [...HOSTS, ...more]);
    expect(many.rings).not.toBeNull();
    const rings = await ringsOf(cloud);
    expect(HOSTS.map((each) => rings[each])).toEqual(HOSTS.map(() => false));
    expect(more.map((each) => rings[each])).toEqual(more.map(() => true));
    // The next import of it brings it to nobody sooner.
    const again = await imported(cloud, [...HOSTS, ...more], "for=9d");
    expect(again).toMatchObject({ counts: { extended: 11 }, rings: null });
    expect(await ringsOf(cloud)).toEqual(rings);
  });

  it("of a short list what is wide, and nothing else", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    const { rings } = await imported(cloud, [WIDE, "45.9.0.1"]);
    expect(rings).not.toBeNull();
    expect(await ringsOf(cloud)).toEqual({ [WIDE]: true, "45.9.0.1": false });
  });

  it.each([
    ["what is only observed", "observe=true"],
    ["single addresses that are urgent", "feed=urgent"],
    ["what an approver wants at once", "noRings=true"],
  ])("but for %s", async (_, query) => {
    await using cloud = await startTestCloud(SETTINGS);
    const { rings } = await imported(cloud, [...HOSTS, "45.9.0.6"], query);
    expect(rings).toBeNull();
    expect(Object.values(await ringsOf(cloud))).not.toContain(true);
  });

  it("where all agents of the feed read that, and else at once", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    const old = await cloud.enrol("acme");
    using _connected = await TestAgent.connect(cloud, old);
    await until("its version is known", async () => {
      const asked = { range: WIDE, dryRun: true };
      return (await banned(cloud, asked)).rings === null;
    });
    await banned(cloud, { range: WIDE });
    expect(await ringsOf(cloud)).toEqual({ [WIDE]: false });
  });

  it("as agents read it: in a segment of version 2", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    using agent = TestAgent.dial(cloud.url, wire2);
    await agent.hello(await cloud.enrol(), [], { capabilities: ["rings"] });
    await agent.next("welcome");
    await banned(cloud, { range: WIDE });
    expect((await agent.nextSegment()).version).toBe(2);
  });

  it("at once for approvers alone", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    const { token } = await letIn(cloud, { name: "ann", role: "analyst" });
    const order = { range: WIDE, noRings: true };
    expect(
      await askAtDoor(cloud, token, ["POST", "/bans", order]),
    ).toMatchObject({
      ...{ status: 403, body: { code: "not-allowed" } },
    });
    const bo = await letIn(cloud, { name: "bo", role: "approver" });
    expect(
      await askAtDoor(cloud, bo.token, ["POST", "/bans", order]),
    ).toMatchObject({ status: 201, body: { rings: null } });
  });

  it("and as it was proposed, once somebody else releases it", async () => {
    const twoPersons = { flows: null };
    await using cloud = await startTestCloud({ ...SETTINGS, twoPersons });
    const bo = await letIn(cloud, { name: "bo", role: "approver" });
    for (const [range, noRings] of [
      ["45.0.0.0/12", false],
      ["46.0.0.0/12", true],
    ] as const) {
      const { body } = await askAtDoor<{ proposal: string }>(
        ...([
          cloud,
          cloud.operator,
          ["POST", "/bans", { range, noRings }],
        ] as const),
      );
      const path = `/proposals/${body.proposal}`;
      const shown = await askAtDoor(cloud, bo.token, ["GET", path]);
      expect(shown.body).toMatchObject({ proposal: { atOnce: noRings } });
      await askAtDoor(cloud, bo.token, ["POST", `${path}/release`, {}]);
    }
    expect(await ringsOf(cloud)).toEqual({
      ...{ "45.0.0.0/12": true, "46.0.0.0/12": false },
    });
  });

  it("and says so in the terminal", async () => {
    await using cloud = await startTestCloud(SETTINGS);
    const run = operatorOf(cloud);
    const wide = await run("ban", WIDE);
    expect(wide.out).toMatch(/^ {2}canary: from \S+ on$/m);
    using list = listOf(...HOSTS, "45.9.0.6");
    const many = await run("import", list.path);
    expect(many.out).toMatch(/^ {2}all: from \S+ on$/m);
    const atOnce = await run("ban", "45.10.0.0/18", "--no-rings");
    expect(atOnce.out).not.toContain("canary");
    using other = listOf(
      "45.9.9.1",
      "45.9.9.2",
      "45.9.9.3",
      "45.9.9.4",
      "45.9.9.5",
      "45.9.9.6",
    );
    const second = await run("import", other.path, "--no-rings");
    expect(second.out).not.toContain("canary");
  });
});
