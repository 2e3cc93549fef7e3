import { describe, expect, it } from "@jest/globals";
import { parseConfig, ConfigShape } from "../../agent/config/config.js";
import { countsAtOnce, LiveConfig } from "../../agent/config/live.js";
import { namesIn } from "../../agent/config/names.js";

const STRICTER = {
  guard: {
    ...{ allow: ["192.0.2.0/24"], around: "split", private: "allow-bans" },
    ...{ floor: { ipv4: 20 }, tiers: { tenantClouds: true } },
    ...{ limits: { share: 0.5 }, trial: { entries: 3 }, policy: "off" },
  },
  enforce: { egress: "reject" },
};

describe("a configuration that is in use", () => {
  it("changes for who holds a part of it, where that counts at once", () => {
    const live = new LiveConfig(parseConfig({}, "a"));
    const { guard, enforce } = live.config;
    const { floor, limits, tiers } = guard;
    live.settle(parseConfig(STRICTER, "b"));
    expect(guard).toMatchObject({ around: "split", private: "allow-bans" });
    expect(guard.allow).toHaveLength(1);
    expect([floor[4], limits.share, tiers.tenantClouds]).toEqual([
      ...[20, 0.5, true],
    ]);
    expect(JSON.stringify(limits)).toContain('"share":0.5');
    // The rest waits for a restart.
    expect([guard.trial.mostAtOnce, guard.policy]).toEqual([250, "follow"]);
    expect(enforce.egress).toBe("drop");
  });

  it("can be put back", () => {
    const live = new LiveConfig(parseConfig(STRICTER, "a"));
    const { now } = live;
    live.settle(parseConfig({}, "b"));
    live.settle(now);
    expect(live.config.guard.floor[4]).toBe(20);
  });

  it("equals what it was made of", () => {
    const config = parseConfig(STRICTER, "a");
    expect(JSON.stringify(new LiveConfig(config).config)).toBe(
      JSON.stringify(config),
    );
  });

  it("counts at once in what the guard judges by, and the log's level", () => {
    const names = [...namesIn(ConfigShape).settings.keys()];
    expect(names.filter(countsAtOnce)).toHaveLength(18);
    expect(names.filter(countsAtOnce)).toContain("guard.limits.share");
    expect(countsAtOnce("guard.sessions.ports")).toBe(false);
  });
});
