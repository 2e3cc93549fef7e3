import { describe, expect, it, jest } from "@jest/globals";
import type { Agent } from "../../../agent/agent.js";
import { parseCidr } from "../../../agent/model/cidr.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { unixSeconds } from "../../../agent/runtime/clock.js";
import { bans, enforces, hostIn } from "../../support/agent/enrolled-host.js";
import { startTestCloud, type TestCloud } from "../../support/cloud/cloud.js";
import { askAtDoor } from "../../support/cloud/people.js";
import { until } from "../../support/time/clock.js";

jest.setTimeout(60_000);

const RANGE = "203.0.113.7";

describe("hosts of a cloud whose rule holds what hurt one of them", () => {
  it("hold it until it is taken back, and those of other orgs do not", async () => {
    await using opened = new Lifetime();
    const cloud = opened.own(await startTestCloud());
    const acme = await cloud.addOrg("Acme");
    const other = await cloud.addOrg("Other");
    const { agent: hurt } = await hostIn(acme, cloud, opened);
    const { agent: spared } = await hostIn(acme, cloud, opened);
    const { agent: stranger } = await hostIn(other, cloud, opened);
    const { decision } = await cloud.ban(RANGE);
    const states = () => statesOf(cloud, decision);
    const hosts = [hurt, spared, stranger];
    await Promise.all(hosts.map((host) => enforces(host, RANGE)));
    const order = { cidr: parseCidr(RANGE), seconds: 60, reason: "our own" };
    await hurt.orders.release(order, "ann");
    await until("the other host holds it", () => heldOn(spared) !== undefined);
    expect(heldOn(spared)).toBe("held-by-policy");
    await until(
      "its kernel lets it pass",
      async () => !(await bans(spared, RANGE)),
    );
    expect(await bans(stranger, RANGE)).toBe(true);
    await until("coverage says so", async () => {
      const { released, held, "in-force": inForce } = await states();
      return released === 1 && held === 1 && inForce === 1;
    });
    const path = `/orgs/${acme}/policy/holds/${decision}`;
    await askAtDoor(cloud, cloud.operator, ["DELETE", path]);
    await enforces(spared, RANGE);
    expect(heldOn(spared)).toBeUndefined();
    await until("coverage says so", async () => {
      const { held, "in-force": inForce } = await states();
      return held === undefined && inForce === 2;
    });
  });
});

/** How many hosts are in which state, as `coverage ID` has it. */
async function statesOf(
  cloud: TestCloud,
  decision: string,
): Promise<Readonly<Record<string, number>>> {
  const path = `/coverage/${decision}`;
  const asked = ["GET", path] as const;
  const { body } = await askAtDoor<{
    readonly coverage: { readonly states: Readonly<Record<string, number>> };
  }>(cloud, cloud.operator, asked);
  return body.coverage.states;
}

const heldOn = ({ ledger }: Agent): string | undefined =>
  ledger.held({ limit: 9 }, unixSeconds(Date.now()))[0]?.held;
