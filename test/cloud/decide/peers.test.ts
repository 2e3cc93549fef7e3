import { describe, expect, it } from "@jest/globals";
import { Peers } from "../../../cloud/decide/peers.js";
import { bootTables } from "../../../cloud/registry/clones.projection.js";
import { temporaryFolder } from "../../support/cloud/cloud.js";
import { openLogs } from "../../support/cloud/logs.js";
import { ManualClock } from "../../support/time/clock.js";

const DAY_MS = 24 * 60 * 60 * 1000;

describe("where agents connect from", () => {
  it("is known for a week, by the attacker that it would be", async () => {
    await using world = await open();
    const { peers, clock } = world;
    peers.came({ agent: "a", address: "203.0.113.7" });
    peers.came({ agent: "b", address: "::ffff:203.0.113.7" });
    peers.came({ agent: "a", address: "2001:db8:1:2:3::4" });
    peers.came({ agent: "a", address: "" });
    expect(peers.at("203.0.113.7")).toEqual(["a", "b"]);
    expect(peers.at("2001:db8:1:2::/64")).toEqual(["a"]);
    clock.jump(6 * DAY_MS);
    peers.came({ agent: "b", address: "203.0.113.7" });
    clock.jump(2 * DAY_MS);
    expect(peers.at("203.0.113.7")).toEqual(["b"]);
  });

  it("is bounded: who moves about displaces its own addresses only", async () => {
    await using world = await open();
    const { peers } = world;
    peers.came({ agent: "still", address: "192.0.2.1" });
    for (let n = 0; n < 2_000; n++) {
      const address = `2001:db8:0:${n.toString(16)}::1`;
      peers.came({ agent: "mover", address });
    }
    expect(peers.at("2001:db8:0:1::/64")).toEqual([]);
    expect(peers.at("2001:db8:0:7cf::/64")).toEqual(["mover"]);
    expect(peers.at("192.0.2.1")).toEqual(["still"]);
  });
});

async function open() {
  const folder = temporaryFolder();
  const clock = new ManualClock();
  const ofObservations = [bootTables];
  const logs = await openLogs(folder.path, { clock, ofObservations });
  return {
    clock,
    peers: new Peers(logs.views.observed, clock),
    [Symbol.asyncDispose]: async () => {
      await logs[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
