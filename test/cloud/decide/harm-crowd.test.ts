import { describe, expect, it, jest } from "@jest/globals";
import { released, state, statingHosts } from "../../support/cloud/harm.js";

jest.setTimeout(60_000);

const RANGE = "203.0.113.7";

describe("a host that states harm without end", () => {
  it("makes room for what others state", async () => {
    await using site = await statingHosts(["acme", "acme", "other"]);
    const { cloud, hosts } = site;
    await cloud.ban(RANGE);
    // Of four hosts, two have to say so.
    for (const n of [2, 3]) await cloud.enrol("acme", `quiet-${n}`);
    await state(hosts[0]!, released(RANGE));
    for (let turn = 0; turn < 20; turn++) {
      const ranges = Array.from({ length: 50 }, (_, n) => `10.9.${turn}.${n}`);
      await state(hosts[2]!, ...ranges.map(released));
    }
    await state(hosts[1]!, released(RANGE));
    await site.answered();
    const path = "/api/v1/orgs/acme/policy";
    expect(await cloud.request("GET", path)).toMatchObject({
      ...{ status: 200, body: { holds: [{ ranges: [RANGE] }] } },
    });
  });
});
