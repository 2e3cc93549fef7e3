import type { BanClock } from "../runtime/clock.js";
import { DryRunEnforcer } from "./dry-run/dry-run-enforcer.js";
import { CannotEnforce, type Enforcer } from "./enforcer.js";
import { openNftables } from "./nftables/open.js";

/** What bans are enforced with: `dry-run` drops nothing and says so. */
export type Backend = "nftables" | "dry-run";

export interface EnforcerChoice {
  readonly backend: Backend;
  readonly platform: NodeJS.Platform;
  readonly clock: BanClock;
}

/**
 * Opens the enforcer that was chosen.
 * @throws CannotEnforce when this host can't; never a backend that pretends
 */
export async function pickEnforcer(choice: EnforcerChoice): Promise<Enforcer> {
  const { backend, platform, clock } = choice;
  switch (backend) {
    case "dry-run":
      return new DryRunEnforcer(clock);
    case "nftables":
      if (platform === "linux") return openNftables(clock);
      throw new CannotEnforce(`nftables needs Linux, and this is ${platform}`);
  }
}
