import { expect, it } from "@jest/globals";
import { LinkStatus } from "../../agent/uplink/link-status.js";
import { ManualClock } from "../support/time/clock.js";

it("the status of the link knows the latest addresses, the newest last", () => {
  const status = new LinkStatus(new ManualClock());
  for (let n = 1; n <= 20; n++) status.up(`203.0.113.${n}`);
  status.up("203.0.113.15");
  expect(status.connected).toHaveLength(8);
  expect(status.connected.slice(-2)).toEqual(["203.0.113.20", "203.0.113.15"]);
});

it("keeps since when the cloud is gone, however often it was tried since", async () => {
  const clock = new ManualClock();
  const status = new LinkStatus(clock);
  const began = clock.now();
  status.up("203.0.113.1");
  await clock.advance(60_000);
  for (let tries = 0; tries < 3; tries++) {
    status.down("connection refused", 5_000);
    await clock.advance(10_000);
  }
  expect(status.state).toMatchObject({
    ...{ at: "down", since: began + 60_000, why: "connection refused" },
    ...{ tried: began + 80_000, next: began + 85_000 },
  });
  status.up("203.0.113.1");
  status.down("gone again");
  expect(status.state).toMatchObject({ since: began + 90_000 });
});
