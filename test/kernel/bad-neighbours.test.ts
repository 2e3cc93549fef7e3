import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import {
  CannotEnforce,
  NotEnforced,
  type Enforcer,
} from "../../agent/enforce/enforcer.js";
import { openNftables } from "../../agent/enforce/nftables/open.js";
import { parseCidr } from "../../agent/model/cidr.js";
import { systemBanClock } from "../../agent/runtime/clock.js";
import { sh } from "../../scripts/lab/namespace.js";
import { until } from "../../scripts/lab/run.js";
import {
  makeKey,
  writeIdentity,
} from "../../service/identity/identity-store.js";
import { TestHost } from "../support/agent/agent-fixtures.js";
import { lasting, slices } from "../support/agent/entries.js";
import { LedgerFolder, ban, recordNext } from "../support/agent/ledger.js";
import { identityFor } from "../support/cloud/fake-cloud.js";
import {
  Scarcity,
  withoutNetfilter,
  withoutNftables,
} from "../support/kernel/libc.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const LABEL = { ledger: 0xfeed_beef, revision: 1 };

describeInNamespace("a host that cannot enforce", () => {
  let files: LedgerFolder;

  beforeEach(() => {
    files = new LedgerFolder();
    recordNext(files.open(), "urgent", [ban("192.0.2.7", 1_000_000_000)]);
    files.close();
  });
  afterEach(() => files[Symbol.dispose]());

  it("fails a restore in one line without CAP_NET_ADMIN", async () => {
    expect(await powerless("restore", files.folder)).toEqual({
      code: 1,
      said: "tourniquet: this host cannot enforce bans: the process lacks CAP_NET_ADMIN\n",
    });
  });

  it("ends the daemon with the same line", async () => {
    const { id } = makeKey(files.folder);
    const identity = identityFor("http://127.0.0.1:9");
    writeIdentity(files.folder, { ...identity, key: id });
    const { code, said } = await powerless("run", files.folder);
    expect(code).toBe(1);
    expect(said).toContain(
      "tourniquet: this host cannot enforce bans: the process lacks CAP_NET_ADMIN\n",
    );
  });

  it("says that its kernel has no netfilter, or no nf_tables", async () => {
    const opening = (load: Parameters<typeof openNftables>[1]) =>
      openNftables(systemBanClock, load);
    await expect(opening(withoutNetfilter)).rejects.toEqual(
      new CannotEnforce(
        "the kernel opens no netfilter socket (EPROTONOSUPPORT)",
      ),
    );
    await expect(opening(withoutNftables)).rejects.toEqual(
      new CannotEnforce("the kernel has no nf_tables (EINVAL)"),
    );
  });
});

describeInNamespace("a kernel that refuses", () => {
  const scarcity = new Scarcity();
  let enforcer: Enforcer;

  beforeEach(async () => {
    enforcer = await openNftables(systemBanClock, () => scarcity.load());
    await enforcer.rebuild(LABEL, slices(lasting(600, ...STANDING)));
  });
  afterEach(async () => {
    scarcity.taken = Infinity;
    await enforcer.cleanUp();
    await enforcer[Symbol.asyncDispose]();
  });

  const holds = (...ranges: string[]) => enforcer.hasBan(ranges.map(parseCidr));
  const change = {
    revision: 2,
    put: lasting(600, "192.0.2.2", "198.51.100.0/24", "203.0.113.0/24"),
    remove: [parseCidr("192.0.2.1")],
  };

  /** The label and every range as before, and none of the change's. */
  async function nothingHasChanged(): Promise<void> {
    expect(await enforcer.read()).toMatchObject(LABEL);
    expect(await holds(...STANDING)).toEqual(STANDING.map(() => true));
    const added = change.put.map(({ cidr }) => cidr);
    expect(await enforcer.hasBan(added)).toEqual(added.map(() => false));
  }

  describe("because a set is full", () => {
    /** Room for the range that is there, and for one of two more. */
    beforeEach(() => sh(limited("ban4_24_a", 2)));

    it("has taken nothing of a change that was refused half-way", async () => {
      await expect(enforcer.apply(change)).rejects.toEqual(
        new NotEnforced(
          "could not apply revision 2: ENFILE: a set of the ruleset is full",
        ),
      );
      await nothingHasChanged();
    });

    it("takes what there is room for", async () => {
      const put = lasting(600, "203.0.113.0/24", "192.0.2.2");
      await enforcer.apply({ revision: 2, put, remove: [] });
      expect(await holds("203.0.113.0/24", "192.0.2.2")).toEqual([true, true]);
    });
  });

  it("is told all anew, in sets without a limit, where a change is too much", async () => {
    await using host = await TestHost.open({ enforcer, hasCaughtUp: true });
    recordNext(host.ledger, "urgent", [ban("198.51.100.0/24", 1_000_000_000)]);
    await host.enforcement.enforce();
    await sh(limited("ban4_24_b", 1));
    recordNext(host.ledger, "urgent", [ban("203.0.113.0/24", 1_000_000_000)]);
    await host.enforcement.enforce();
    expect(await host.holds("198.51.100.0/24", "203.0.113.0/24")).toEqual([
      true,
      true,
    ]);
    expect(await sh("nft -t list sets inet")).not.toMatch(/size 1$/m);
  });

  it("has taken nothing of a change that it had no memory for", async () => {
    scarcity.taken = 0;
    await expect(enforcer.apply(change)).rejects.toEqual(
      new NotEnforced("could not apply revision 2: ENOBUFS"),
    );
    await nothingHasChanged();
    scarcity.taken = Infinity;
    await enforcer.apply(change);
    expect(await holds("192.0.2.1", "203.0.113.0/24")).toEqual([false, true]);
  });

  it("keeps the old ruleset when memory runs out in a rebuild, at any step", async () => {
    const fresh = { ledger: 7, revision: 9 };
    for (let taken = 0; ; taken++) {
      scarcity.taken = taken;
      const built = await enforcer
        .rebuild(fresh, slices(lasting(600, "192.0.2.3")))
        .then(() => true)
        .catch((error: unknown) => error);
      if (built === true) break;
      expect(built).toBeInstanceOf(NotEnforced);
      scarcity.taken = Infinity;
      await nothingHasChanged();
    }
    expect(await enforcer.read()).toMatchObject(fresh);
  });

  it("is asked again until it has memory to spare", async () => {
    await using host = await TestHost.open({ enforcer, random: () => 1 });
    recordNext(host.ledger, "urgent", [ban("192.0.2.9", 1_000_000_000)]);
    host.status.caughtUp(); // so that it may replace what stands there
    scarcity.taken = 2; // and then it has none, half-way through the rebuild
    await expect(host.enforcement.enforce()).rejects.toThrow("ENOBUFS");
    expect(await holds(...STANDING, "192.0.2.9")).toEqual([true, true, false]);
    scarcity.taken = Infinity;
    await until("the agent has recovered", async () => {
      const [isHeld] = await host.holds("192.0.2.9");
      return isHeld;
    });
  });
});

const STANDING = ["192.0.2.1", "10.1.2.0/24"];

/** Gives a set of ours a limit, as anybody with `nft` may. */
const limited = (set: string, size: number): string =>
  `nft add set inet tourniquet ${set} '{ type ipv4_addr; flags timeout; size ${size}; }'
   nft -t list set inet tourniquet ${set} | grep -q "size ${size}"`;

/** Runs a command of ours that may not change the kernel's firewall. */
function powerless(
  command: string,
  stateDir: string,
): Promise<{ readonly code: number; readonly said: string }> {
  const config = join(stateDir, "config.yaml");
  const controlSocket = join(stateDir, "socket");
  writeFileSync(config, JSON.stringify({ stateDir, controlSocket }));
  return new Promise((resolve) => {
    execFile(
      "setpriv",
      [
        ...["--bounding-set=-net_admin", "--inh-caps=-net_admin"],
        ...[process.execPath, MAIN, "--config", config, command],
      ],
      (error, _said, said) =>
        resolve({ code: error === null ? 0 : Number(error.code), said }),
    );
  });
}

const MAIN = fileURLToPath(new URL("../../service/main.js", import.meta.url));
