import { expect, it } from "@jest/globals";
import { LinkStatus } from "../../agent/link-status.js";
import { ManualClock } from "../support/clock.js";

it("the status of the link knows the latest addresses, the newest last", () => {
  const status = new LinkStatus(new ManualClock());
  for (let n = 1; n <= 20; n++) status.up(`203.0.113.${n}`);
  status.up("203.0.113.15");
  expect(status.connected).toHaveLength(8);
  expect(status.connected.slice(-2)).toEqual(["203.0.113.20", "203.0.113.15"]);
});
