import { afterEach, expect, it } from "@jest/globals";
import { sh } from "../../scripts/lab/namespace.js";
import { orderCheck } from "../../service/cli/doctor/order-check.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

describeInNamespace("who looks at packets first, as the doctor sees it", () => {
  afterEach(() => sh("nft flush ruleset"));

  const chain = (table: string, name: string, hook: string) =>
    sh(
      `nft add table ${table}; nft "add chain ${table} ${name} { type filter hook ${hook}; }"`,
    );

  it("is nobody else, on a host with bans alone", async () => {
    await chain("inet tourniquet", "in", "prerouting priority -310");
    expect(await orderCheck()).toMatchObject({
      state: "good",
      found:
        "bans look first at what comes in, at priority -310; then nobody else",
    });
  });

  it("is told in the kernel's order, what leaves being no part of it", async () => {
    await chain("ip filter", "INPUT", "input priority 0");
    await chain("inet firewalld", "raw", "prerouting priority -290");
    await chain("ip6 mangle", "OUT", "output priority -400");
    expect(await orderCheck()).toMatchObject({
      state: "good",
      found: expect.stringMatching(
        /; then inet firewalld raw \(-290\), ip filter INPUT \(0\)$/,
      ),
    });
  });

  it("is a warning where somebody comes before bans", async () => {
    await chain("ip early", "pre", "prerouting priority -400");
    expect(await orderCheck()).toMatchObject({
      state: "warning",
      found: "before bans, at priority -310, comes ip early pre (-400)",
    });
  });
});
