import { describe, expect, it } from "@jest/globals";
import { LogMonitor } from "../../agent/keyring/log-monitor.js";
import {
  cosignedText,
  packCosignature,
  writeCheckpoint,
} from "../../agent/protocol/checkpoint.js";
import { proveConsistency } from "../../agent/protocol/merkle-proof.js";
import { CompactRange, leafHash } from "../../agent/protocol/merkle-tree.js";
import { noteKeyId, writeNote } from "../../agent/protocol/signed-note.js";
import type { TreeHeadAnswer } from "../../agent/protocol/tree-head.js";
import { LedgerFolder } from "../support/agent/ledger.js";
import { ManualClock } from "../support/time/clock.js";
import {
  HOUR_MS,
  keys,
  NOW,
  rootDocument,
  rootV2Document,
  trusted,
  type KeyName,
} from "../support/vectors.js";

const LOG = "tourniquet/test-cloud/00112233aabbccdd";
const NEXT = "tourniquet/test-cloud/ffeeddccbbaa9988";

describe("the log of a cloud", () => {
  it("is taken as it is at first, and told once", async () => {
    using host = new Host();
    await host.look(tree(5));
    expect(host.monitor.sight.head).toMatchObject({ origin: LOG, size: 5 });
    await host.look(tree(5));
    await host.look(tree(9));
    await host.look(tree(300));
    expect(host.monitor.sight.head).toMatchObject({ size: 300 });
    expect(host.told).toEqual([["logBegun", LOG, 5, undefined]]);
    expect(host.findings()).toEqual({});
  });

  it.each<[string, Tree, string]>([
    ["shrinks", tree(4), "it had 7 leaves, and is said to have 4"],
    ["shrinks to nothing", tree(0), "is said to have 0"],
    [
      "has another root at the same size",
      tree(7, 3),
      "at 7 leaves its root was",
    ],
    ["is another from some leaf on", tree(12, 3), "nothing shows that its 12"],
  ])("that %s is a fork, and the old is kept", async (_, next, what) => {
    using host = new Host();
    await host.look(tree(7));
    const before = host.monitor.sight.head;
    await host.look(next);
    expect(host.monitor.sight.head).toEqual(before);
    expect(host.findings()["log-forked"]).toContain(what);
    expect(host.told.at(-1)?.[0]).toBe("logForked");
    await host.look(tree(20)); // which goes on from what was kept
    expect(host.monitor.sight.head).toMatchObject({ size: 20 });
    expect(host.findings()["log-forked"]).toContain(what);
  });

  it.each<[string, (answer: TreeHeadAnswer) => TreeHeadAnswer]>([
    ["no proof", (answer) => ({ ...answer, proof: [] })],
    [
      "a proof that is cut",
      ({ proof, ...rest }) => ({ ...rest, proof: proof.slice(1) }),
    ],
    [
      "a hash too many",
      ({ proof, ...rest }) => ({ ...rest, proof: [...proof, "A".repeat(43)] }),
    ],
  ])("that is shown with %s is a fork", async (_, bend) => {
    using host = new Host();
    await host.look(tree(7));
    await host.look(tree(12), { bend });
    expect(host.findings()["log-forked"]).toContain("nothing shows");
    expect(host.monitor.sight.head).toMatchObject({ size: 7 });
  });

  it.each<[string, Partial<Said>, string]>([
    ["signed by a head key", { signers: ["head"] }, "0 of 1 needed signatures"],
    ["signed without a time", { dated: false }, "0 with a time"],
    [
      "of another cloud",
      { origin: "tourniquet/other/00112233aabbccdd" },
      "is no log of test-cloud",
    ],
    ["dated ahead", { time: NOW + 2 * HOUR_MS }, "is dated ahead"],
  ])(
    "is not believed when it is %s, and that is no fork",
    async (_, said, why) => {
      using host = new Host();
      await host.look(tree(7));
      await host.look(tree(4), { said });
      expect(host.told.at(-1)).toEqual([
        "treeHeadRefused",
        expect.stringContaining(why),
      ]);
      expect(host.monitor.sight).toMatchObject({
        head: { size: 7 },
        fork: undefined,
      });
    },
  );

  it("as it was signed before shows nothing, and is no fork", async () => {
    using host = new Host();
    await host.look(tree(4));
    await host.clock.advance(HOUR_MS);
    await host.look(tree(7));
    await host.look(tree(4), { said: { time: NOW } });
    expect(host.told.at(-1)?.[1]).toContain("older than one before it");
    expect(host.monitor.sight.fork).toBeUndefined();
  });

  it("under another name is told once and adopted; the first one is still known", async () => {
    using host = new Host();
    await host.look(tree(7));
    await host.look(tree(3, 1), { said: { origin: NEXT } });
    expect(host.told.at(-1)).toEqual(["logBegun", NEXT, 3, LOG]);
    await host.look(tree(4, 1), { said: { origin: NEXT } });
    expect(host.told).toHaveLength(2);
    await host.look(tree(5)); // the first again, and smaller
    expect(host.findings()["log-forked"]).toContain("it had 7 leaves");
    await host.look(tree(9)); // and grown: it is asked about by its own size
    expect(host.monitor.sight.head).toMatchObject({ origin: LOG, size: 9 });
    expect(host.asked.slice(-2)).toEqual([4, 7]);
  });

  it("is kept over a restart, as a fork of it is", async () => {
    using host = new Host();
    await host.look(tree(7));
    await host.look(tree(4));
    host.restart();
    expect(host.monitor.sight.head).toMatchObject({ origin: LOG, size: 7 });
    expect(host.findings()["log-forked"]).toContain("is said to have 4");
    await host.look(tree(6));
    expect(host.findings()["log-forked"]).toContain("is said to have 6");
  });

  it("is looked at each hour, also over a restart", async () => {
    using host = new Host();
    expect(host.monitor.dueInMs).toBe(0);
    await host.look(tree(7));
    expect(host.monitor.dueInMs).toBe(HOUR_MS);
    await host.clock.advance(HOUR_MS / 2);
    host.restart();
    expect(host.monitor.dueInMs).toBe(HOUR_MS / 2);
  });

  it("that shows nothing for 26 hours is a small alarm, until it does", async () => {
    using host = new Host();
    host.monitor.linked();
    await host.clock.advance(26 * HOUR_MS + 1);
    host.monitor.linked();
    expect(host.findings()["log-unproven"]).toContain("never");
    await host.look(tree(7));
    expect(host.findings()).toEqual({});
    await host.clock.advance(25 * HOUR_MS);
    expect(host.findings()).toEqual({});
    await host.look(tree(7), { said: { time: NOW } }); // held back for a day
    await host.clock.advance(2 * HOUR_MS);
    expect(host.findings()["log-unproven"]).toContain("the last good head");
  });

  it("is missed by no host that never reached its cloud", async () => {
    using host = new Host();
    await host.clock.advance(100 * HOUR_MS);
    expect(host.findings()).toEqual({});
    host.monitor.linked();
    await host.clock.advance(25 * HOUR_MS);
    expect(host.findings()).toEqual({});
    await host.clock.advance(2 * HOUR_MS);
    expect(host.findings()["log-unproven"]).toContain("never");
  });

  it("is forgotten once eight others came after it", async () => {
    using host = new Host();
    const origins = Array.from(
      { length: 9 },
      (_, n) => `tourniquet/test-cloud/000000000000000${n}`,
    );
    for (const origin of origins)
      await host.look(tree(7), { said: { origin } });
    const [first = "", second = ""] = origins;
    await host.look(tree(3), { said: { origin: second } });
    expect(host.findings()["log-forked"]).toContain(second);
    await host.look(tree(3), { said: { origin: first } });
    expect(host.told.at(-1)).toEqual(["logBegun", first, 3, origins.at(-1)]);
  });

  it("is missed by nobody whose root has no role for it", async () => {
    using host = new Host(false);
    host.monitor.linked();
    await host.clock.advance(100 * HOUR_MS);
    expect(host.monitor.canCheck).toBe(false);
    expect(host.findings()).toEqual({});
  });
});

interface Tree {
  readonly size: number;
  readonly root: Uint8Array;
  prove(from: number): readonly Uint8Array[];
}

/** A tree whose leaves are others from `turn` on. */
function tree(size: number, turn = Infinity): Tree {
  const range = new CompactRange();
  const kept = new Map<string, Uint8Array>();
  for (let n = 0; n < size; n += 1) {
    const leaf = leafHash(Buffer.of(n >> 8, n, n < turn ? 0 : 1));
    range.append(leaf, (level, at, hash) => kept.set(`${level}/${at}`, hash));
  }
  const subtrees = (level: number, at: number) =>
    kept.get(`${level}/${at}`) ?? Buffer.alloc(32);
  return {
    ...{ size, root: range.root() },
    prove: (from) =>
      from > size ? [] : proveConsistency(from, size, subtrees),
  };
}

interface Said {
  readonly origin: string;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly signers: readonly KeyName[];
  readonly dated: boolean;
}

function signed({ size, root }: Tree, said: Said): string {
  const { origin, signers, dated } = said;
  const text = writeCheckpoint({ origin, size, root });
  const time = Math.floor(said.time / 1000);
  const signatures = signers.flatMap((name) => {
    const key = keys[name];
    const id = (type: "ed25519" | "cosignature") =>
      noteKeyId(origin, type, key.publicKey);
    const own = key.sign(Buffer.from(text));
    const plain = { name: origin, key: id("ed25519"), signature: own };
    const cosigned = key.sign(Buffer.from(cosignedText(time, text)));
    const signature = packCosignature(time, cosigned);
    return dated
      ? [plain, { name: origin, key: id("cosignature"), signature }]
      : [plain];
  });
  return writeNote({ text, signatures });
}

/** A host with a ledger of its own, and what it was told. */
class Host implements Disposable {
  readonly clock = new ManualClock(NOW);
  readonly told: (readonly unknown[])[] = [];
  readonly asked: number[] = [];
  readonly #folder = new LedgerFolder();
  readonly #hasLog: boolean;
  monitor: LogMonitor;

  constructor(hasLog = true) {
    this.#hasLog = hasLog;
    this.monitor = this.#opened();
  }

  restart(): void {
    this.monitor = this.#opened();
  }

  async look(
    shown: Tree,
    {
      said = {},
      bend = (answer) => answer,
    }: {
      said?: Partial<Said>;
      bend?: (answer: TreeHeadAnswer) => TreeHeadAnswer;
    } = {},
  ): Promise<void> {
    const time = this.clock.now();
    const all = { origin: LOG, signers: ["log"] as const, dated: true, time };
    await this.monitor.look((from) => {
      this.asked.push(from);
      const checkpoint = signed(shown, { ...all, ...said });
      const proof = shown
        .prove(from)
        .map((hash) => Buffer.from(hash).toString("base64url"));
      return Promise.resolve(bend({ checkpoint, proof }));
    });
  }

  findings = () => Object.fromEntries(this.monitor.findings());

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }

  #opened(): LogMonitor {
    const current = trusted(this.#hasLog ? rootV2Document() : rootDocument());
    const tell =
      (what: string) =>
      (...details: readonly unknown[]) =>
        void this.told.push([
          what,
          ...details.map((each) =>
            each instanceof Error ? each.message : each,
          ),
        ]);
    return new LogMonitor({
      cloud: "test-cloud",
      roots: { current },
      kept: this.#folder.open().treeHeads,
      clock: this.clock,
      events: {
        logBegun: tell("logBegun"),
        logForked: tell("logForked"),
        treeHeadRefused: tell("treeHeadRefused"),
        treeHeadNotKept: tell("treeHeadNotKept"),
      },
    });
  }
}
