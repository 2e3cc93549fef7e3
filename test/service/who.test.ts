import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { machineOf } from "../../service/identity/machine.js";
import { whoThisIs } from "../../service/identity/who.js";
import { settle } from "../support/agent/enrolled-host.js";
import { startTestCloud } from "../support/cloud/cloud.js";
import { TestFolder } from "../support/folder.js";

const [ONE, OTHER] = ["1".repeat(64), "2".repeat(64)];

describe("a machine", () => {
  it.each([
    ["3d1219c7c4c5404aaa1f6d2a48adfda4\n", true],
    ["", false],
    ["uninitialized\n", false],
    [`${"0".repeat(32)}\n`, false],
    ["3D1219C7", false],
  ])("is told by the id %j: %s", (text, isTold) => {
    using folder = new TestFolder();
    const told = machineOf(folder.file("machine-id", text));
    expect(told !== undefined).toBe(isTold);
    expect(told ?? "").not.toContain(text.trim() || "never");
  });

  it("is told by nothing where there is no id", () => {
    expect(machineOf("/nowhere/machine-id")).toBeUndefined();
  });
});

describe("a copy of a machine", () => {
  it("sets the identity aside, and says what to do", async () => {
    await using cloud = await startTestCloud();
    using host = new Host();
    await settle(cloud, host.path);
    const { identity } = await host.who(ONE);
    expect((await host.who(ONE)).identity).toEqual(identity);
    expect((await host.who(undefined)).identity).toEqual(identity);
    host.put("spool.db", "what waits");
    host.put("ledger.db", "bans");

    await expect(host.who(OTHER)).rejects.toThrow(
      /is not enrolled .*copied-.*run: tourniquet enrol/,
    );
    expect(host.told).toMatch(/was enrolled on another machine/);
    const [aside = ""] = readdirSync(host.path).filter((it) =>
      it.startsWith("copied-"),
    );
    const moved = readdirSync(join(host.path, aside)).sort();
    expect(moved).toEqual([
      `device-${identity?.key}.key`,
      ...["identity.json", "spool.db", "why.txt"],
    ]);
    expect(existsSync(join(host.path, "ledger.db"))).toBe(true);
    expect(readFileSync(join(host.path, aside, "why.txt"), "utf8")).toContain(
      "another machine's",
    );
  }, 60_000);

  it("enrols anew by a token that lies there, once", async () => {
    await using cloud = await startTestCloud();
    using host = new Host();
    await settle(cloud, host.path);
    const former = (await host.who(ONE)).identity;
    host.put("enrolment-token", await cloud.token("example"));
    // Who is enrolled has no use for it.
    expect((await host.who(ONE)).identity?.agent).toBe(former?.agent);

    const { identity } = await host.who(OTHER);
    expect(identity?.agent).not.toBe(former?.agent);
    expect(identity?.key).not.toBe(former?.key);
    expect(host.told).toMatch(/enrolled as agt-/);
    expect(existsSync(join(host.path, "enrolment-token"))).toBe(false);
    expect((await host.who(OTHER)).identity).toEqual(identity);
  }, 60_000);
});

describe("a new host with a token", () => {
  it("is enrolled when it starts, though it is asked twice", async () => {
    using host = new Host();
    const cloud = await startTestCloud();
    try {
      const token = await cloud.token(await cloud.addOrg("example"));
      host.put("enrolment-token", token);
    } finally {
      await cloud[Symbol.asyncDispose]();
    }
    await expect(host.who(ONE)).rejects.toThrow("cannot reach");
    await expect(host.who(ONE)).rejects.toThrow("cannot reach");
    expect(host.pauses).toBe(2);
    const keys = readdirSync(host.path).filter((it) => it.endsWith(".key"));
    expect(keys).toHaveLength(1);
  }, 60_000);

  it("asks no more with a token that is refused", async () => {
    await using cloud = await startTestCloud();
    using host = new Host();
    const token = await cloud.token(await cloud.addOrg("example"));
    using first = new Host();
    first.put("enrolment-token", token);
    await first.who(OTHER);
    host.put("enrolment-token", token);
    await expect(host.who(ONE)).rejects.toThrow(
      /was used by agt-.*enrolment-token\.refused now/,
    );
    expect(host.pauses).toBe(0);
    await expect(host.who(ONE)).rejects.toThrow("is not enrolled");
  }, 60_000);

  it("says how a token is to lie there", async () => {
    using host = new Host();
    host.put("enrolment-token", "tq1.nonsense");
    await expect(host.who(ONE)).rejects.toThrow(
      /malformed enrolment token.*sudo install -o tourniquet/,
    );
  });
});

/** A state folder, and what its agent would become on a machine. */
class Host implements Disposable {
  readonly #folder = new TestFolder();
  readonly path = this.#folder.path;
  told = "";
  pauses = 0;

  who(machine: string | undefined) {
    return whoThisIs({
      ...{ stateDir: this.path, version: "0.8.0", machine },
      ...{ handedIn: undefined, now: () => Date.now() },
      way: () => ({ ca: undefined, proxy: undefined }),
      pause: () => {
        this.pauses += 1;
        return Promise.resolve();
      },
      changed: (what) => {
        this.told += `${what}\n`;
      },
    });
  }

  put(name: string, text: string): void {
    writeFileSync(join(this.path, name), text, { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
