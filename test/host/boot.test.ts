import { describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { openBoot } from "../../agent/host/boot.js";

describe("the boot under way", () => {
  it("is named as the kernel names it, and counts from its start", async () => {
    const boot = await openBoot();
    const named = readFileSync("/proc/sys/kernel/random/boot_id", "utf8");
    expect(boot.id.toString(16).padStart(12, "0")).toBe(
      named.replaceAll("-", "").slice(0, 12),
    );
    expect(Math.abs(boot.elapsed() - uptime() * 1_000)).toBeLessThan(2_000);
    expect(boot.awake()).toBeLessThanOrEqual(boot.elapsed() + 1);
  });

  it("is the same for every process, and goes on", async () => {
    const [one, other] = [await openBoot(), await openBoot()];
    expect(one.id).toBe(other.id);
    const before = one.elapsed();
    expect(other.elapsed()).toBeGreaterThanOrEqual(before);
  });

  it("is this process's own where the kernel does not name it", async () => {
    const nowhere = join("/nowhere", "boot_id");
    const [one, other] = [await openBoot(nowhere), await openBoot(nowhere)];
    expect(one.id).not.toBe(other.id);
    expect(one.elapsed()).toBeLessThan(uptime() * 1_000);
    expect(one.elapsed()).toBeGreaterThan(0);
  });
});
