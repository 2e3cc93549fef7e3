import { describe, expect, it } from "@jest/globals";
import { firstScreen } from "../../service/cli/status-screen.js";
import type { StatusView } from "../../service/control/status-view.js";
import { chart, wrapped } from "../../service/terminal/lines.js";
import { PLAIN, paintFor } from "../../service/terminal/paint.js";
import { fromNow, localTime } from "../../service/terminal/when.js";
import { ban } from "../support/agent/agent-fixtures.js";
import { Control } from "../support/agent/control.js";
import { HostProcess } from "../support/agent/host-process.js";
import { FakeFeed } from "../support/cloud/fake-cloud.js";

describe("the first screen", () => {
  it("says what is in force by feed, and how new it is", async () => {
    using host = new HostProcess();
    await using control = await Control.start(host.socket);
    const urgent = new FakeFeed("urgent");
    await control.host.carryOut(
      urgent.append([ban("203.0.113.7"), ban("192.0.2.10")]),
    );
    await control.host.carryOut(urgent.append([ban("203.0.113.8")]));
    const { code, stdout } = await host.tourniquet("status");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^enforcing 2 bans\n {2}since [\d:]+, for \d+ s\n/);
    expect(stdout).toMatch(
      /^bans {5}urgent {2}2 {2}newest \d+ s ago: scanning$/m,
    );
    expect(stdout).toMatch(/^ {9}1 held: tourniquet bans --held$/m);
    expect(stdout).toMatch(/^cloud {4}not connected for \d+ s/m);
    expect(stdout).toMatch(/^stopped {2}0 packets in /m);
    expect(stdout).toMatch(/^sensors {2}sshd reads \/var\/log\/auth\.log: /m);
    expect(stdout).not.toContain("\u001b");
  });

  it("fits 80 columns and 24 lines, whatever is wrong", async () => {
    await using control = await Control.start();
    const status = (await control.ask("/v1/status")) as StatusView;
    const uncovered = Array.from({ length: 9 }, (_, i) => `${i} a way around`);
    const busy: StatusView = {
      ...status,
      uncovered,
      lastHour: {
        ...{ since: new Date(NOW - 3_600_000).toISOString(), packets: 90 },
        each: Array.from({ length: 30 }, (_, i) => i),
      },
    };
    const screen = firstScreen(busy, { now: NOW, paint: PLAIN, room: 80 });
    const lines = screen.split("\n");
    expect(lines.length).toBeLessThanOrEqual(24);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(screen).toContain("90 packets in the last hour");
    expect(screen).toContain("▁▁▁▂");
    expect(screen).toContain("! and 5 more: tourniquet status --verbose");
  });
});

describe("what people read", () => {
  it("has colours on a terminal only, and none where they are not wanted", () => {
    expect(paintFor({ isTTY: true }, {}).bad("x")).toBe(
      "\u001b[31mx\u001b[39m",
    );
    expect(paintFor({ isTTY: true }, { NO_COLOR: "1" }).bad("x")).toBe("x");
    expect(paintFor({ isTTY: true }, { TERM: "dumb" }).bad("x")).toBe("x");
    expect(paintFor({}, {}).bad("x")).toBe("x");
  });

  it("breaks between words, and never within one", () => {
    expect(wrapped("one two three", 8, "  ")).toEqual(["one two", "  three"]);
    expect(wrapped("198.51.100.0/24", 8)).toEqual(["198.51.100.0/24"]);
    expect(wrapped("one two three", undefined)).toEqual(["one two three"]);
    const red = paintFor({ isTTY: true }, {}).bad("one");
    expect(wrapped(`${red} two`, 7)).toEqual([`${red} two`]);
  });

  it("draws counts as blocks", () => {
    expect(chart([0, 1, 4, 8])).toBe("·▁▄█");
    expect(chart([])).toBe("");
  });

  it("says moments by the local clock, and how far they are", () => {
    const earlier = NOW - 3 * 86_400_000;
    expect(localTime(NOW, NOW)).toMatch(/^\d\d:\d\d:\d\d$/);
    expect(localTime(earlier, NOW)).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    expect(fromNow(NOW + 3 * 3_600_000, NOW)).toBe("in 3 h");
    expect(fromNow(NOW - 60_000, NOW)).toBe("1 min ago");
  });
});

const NOW = Date.now();
