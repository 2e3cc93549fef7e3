import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { DEFAULT_POSTURE } from "../../agent/enforce/enforcer.js";
import type { KernelState } from "../../agent/enforce/enforcer.js";
import { look } from "../../agent/health/health.js";
import type { Ledger } from "../../agent/ledger/ledger.js";
import { RING_WAITS } from "../../agent/model/rings.js";
import { LinkStatus } from "../../agent/uplink/link-status.js";
import { HealthWatch } from "../../agent/walks/telemetry/health-watch.js";
import { VerdictWatch } from "../../agent/walks/telemetry/verdict-watch.js";
import {
  ban,
  lift,
  LedgerFolder,
  recordNext,
} from "../support/agent/ledger.js";

describe("looking after the host's health", () => {
  let folder: LedgerFolder;
  let ledger: Ledger;
  let kernel: () => KernelState;
  let link: LinkStatus;
  let spool: { fullness: number; failing: unknown };
  let opponent: string | undefined;
  let rejects: boolean;
  let passed: string | undefined;
  let unshown: string | undefined;
  let uncovered: readonly string[];
  let crowded: boolean;
  let clock: { wall: number; passed: number };
  let watch: HealthWatch;

  beforeEach(() => {
    folder = new LedgerFolder();
    ledger = folder.open();
    kernel = () => ({
      at: "present",
      ledger: ledger.id,
      revision: ledger.revision(),
      posture: DEFAULT_POSTURE,
    });
    rejects = true;
    spool = { fullness: 0, failing: undefined };
    opponent = passed = unshown = undefined;
    uncovered = [];
    crowded = false;
    clock = { wall: 1_800_000_000_000, passed: 0 };
    const time = { now: () => clock.wall, monotonic: () => clock.passed };
    link = new LinkStatus(time);
    link.up("192.0.2.1");
    const verdicts = new VerdictWatch({
      ...{ clock: time, ledger, safeMode: false },
      events: { verdict: () => undefined },
      enforcer: {
        read: () =>
          new Promise((resolve) => {
            resolve(kernel());
          }),
      },
      unproven: () => passed,
    });
    watch = new HealthWatch({
      ...{ clock: time, ledger, link },
      trust: () => new Map(),
      egress: "reject",
      enforcer: {
        get rejects() {
          return rejects;
        },
      },
      spool: {
        get failing() {
          return spool.failing;
        },
        read: (work) => work({ fullness: () => spool.fullness } as never),
      },
      contested: () => opponent,
      verdict: async () => (await verdicts.look()).verdict,
      unshown: () => unshown,
      uncovered: () => uncovered,
      crowded: () => crowded,
    });
  });
  afterEach(() => folder[Symbol.dispose]());

  const pass = (ms: number) => {
    clock.wall += ms;
    clock.passed += ms;
  };
  const told = async () => Object.fromEntries(await watch.findings());

  it("finds an hour without a proof, and paths that meet no ban", async () => {
    unshown = "no packet to 192.0.2.254 shows it: allowed-here protects it";
    uncovered = ["br0 bridges eth0, veth1: br_netfilter is not loaded", "b"];
    const findings = await watch.findings();
    expect(Object.fromEntries(findings)).toEqual({
      "proof-missing": unshown,
      "paths-uncovered": `${uncovered[0]}; b`,
    });
    const raisedAfter = (monotonic: number) =>
      look(
        look(new Map(), findings, { now: 0, monotonic: 0 }).health,
        findings,
        {
          ...{ now: monotonic, monotonic },
        },
      ).items.map(({ code }) => code);
    expect(raisedAfter(3_599_000)).toEqual(["paths-uncovered"]);
    expect(raisedAfter(3_600_000)).toContain("proof-missing");
  });

  it("finds nothing on a host that is well", async () => {
    expect(await told()).toEqual({});
  });

  it("finds that the kernel holds nothing, or somebody else's", async () => {
    kernel = () => ({ at: "absent" });
    expect(await told()).toEqual({
      "not-enforcing": "the kernel holds no bans of ours",
    });
    kernel = () => ({
      at: "present",
      ledger: ledger.id + 1,
      revision: 0,
      posture: DEFAULT_POSTURE,
    });
    expect(await told()).toEqual({
      "not-enforcing": "the kernel holds what an earlier ledger said",
    });
    kernel = () => ({
      ...{ at: "outdated", ledger: ledger.id, revision: ledger.revision() },
      posture: DEFAULT_POSTURE,
    });
    expect(await told()).toEqual({
      "not-enforcing":
        "the kernel holds what another version of this program built",
    });
    kernel = () => {
      throw new Error("no netlink");
    };
    expect(await told()).toEqual({
      "not-enforcing": "the kernel cannot be read: no netlink",
    });
  });

  it("finds a kernel that stays behind, but not one that catches up", async () => {
    let revision = 0;
    kernel = () => ({
      at: "present",
      ledger: ledger.id,
      revision,
      posture: DEFAULT_POSTURE,
    });
    recordNext(ledger, "urgent", [ban("192.0.2.1")]);
    recordNext(ledger, "urgent", [ban("192.0.2.2")]);
    expect(await told()).toEqual({});
    pass(15_000);
    revision = 1;
    expect(await told()).toEqual({});
    pass(14_999);
    expect(await told()).toEqual({});
    pass(1);
    expect(await told()).toEqual({
      "not-enforcing": "the kernel holds revision 1, the ledger is at 2",
    });
  });

  it("finds more addresses than are counted one by one", async () => {
    crowded = true;
    expect(await told()).toEqual({ "hits-crowded": expect.any(String) });
  });

  it("finds the cloud gone, with the reason", async () => {
    link.down("connection refused");
    expect(await told()).toEqual({
      "cloud-unreachable": "connection refused",
    });
  });

  it("finds a link that was made an older version, until the next try", async () => {
    link.down("asked for version 1 only", 1_000, true);
    expect(await told()).toEqual({
      "cloud-unreachable": "asked for version 1 only",
      "link-downgraded": "asked for version 1 only",
    });
    link.down("connection refused");
    expect(await told()).toEqual({
      "cloud-unreachable": "connection refused",
    });
  });

  it("counts the bans that guards hold", async () => {
    recordNext(ledger, "urgent", [
      ban("192.0.2.1", 60, { held: "never-this-host" }),
      ban("192.0.2.2"),
      ban("192.0.2.3", 60, { held: RING_WAITS }),
    ]);
    expect(await told()).toEqual({ "bans-held": "1 are held" });
    recordNext(ledger, "urgent", [lift("192.0.2.1")]);
    expect(await told()).toEqual({});
  });

  it("does not forget that the host only observes", async () => {
    ledger.setMode("observe");
    const posture = { ...DEFAULT_POSTURE, mode: ledger.mode() };
    const { id, revision } = { id: ledger.id, revision: ledger.revision() };
    kernel = () => ({ at: "present", ledger: id, revision, posture });
    expect(await told()).toEqual({ observing: "tourniquet enforce ends that" });
    ledger.setMode("enforce");
    expect(await told()).toEqual({
      "not-enforcing": "the kernel is to enforce and does not",
    });
  });

  it("finds the spool full, or failing", async () => {
    spool = { fullness: 0.95, failing: new Error("no space left") };
    expect(await told()).toEqual({
      "spool-full": "the spool is 95 % full",
      "spool-failing": "no space left",
    });
  });

  it("tells for a while what happened at a moment", async () => {
    watch.happened("clock-jumped", "by 3600 s");
    pass(600_000);
    expect(await told()).toEqual({ "clock-jumped": "by 3600 s" });
    pass(1);
    expect(await told()).toEqual({});
  });

  it("names who keeps undoing the bans", async () => {
    opponent = "nftd (pid 4711), 9 times so far";
    expect(await told()).toEqual({ "ruleset-contested": opponent });
  });

  it("says where the kernel cannot do what was configured", async () => {
    rejects = false;
    expect(await told()).toEqual({
      "egress-dropped":
        "enforce.egress is reject, and the kernel lacks nft_reject",
    });
  });

  it("believes packets rather than the kernel", async () => {
    passed = "a packet to 192.0.2.254, which is banned, went on its way";
    expect(await told()).toEqual({ "not-proven": passed });
    kernel = () => ({ at: "absent" });
    expect(await told()).toEqual({
      "not-enforcing": `the kernel holds no bans of ours; ${passed}`,
      "not-proven": passed,
    });
  });

  it("does not forget what this host's operator keeps out of force", async () => {
    recordNext(ledger, "urgent", [ban("192.0.2.1", 9_000_000)]);
    const now = Math.floor(clock.wall / 1_000);
    const until = now + 604_800;
    const guardedBy = () => undefined;
    ledger.overrides.rollBack({ revision: 0, now, until, guardedBy });
    const release = { since: now, until, reason: "" };
    ledger.overrides.release({ cidr: ban("0.0.0.0/0").cidr, ...release });
    const found = await told();
    expect(found["bans-withheld"]).toMatch(/1 range withheld, nothing is drop/);
    expect(found["released-wide"]).toMatch(/^0\.0\.0\.0\/0 until /);
  });
});
