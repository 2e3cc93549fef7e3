import {
  chmodSync,
  chownSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { Identity } from "../../agent/config/identity.js";
import { fingerprintOf } from "../../agent/trust/root.js";
import {
  forgetKey,
  isEnrolled,
  keepRoot,
  makeKey,
  readIdentity,
  writeIdentity,
} from "../../service/identity/identity-store.js";
import { identityFor } from "../support/cloud/fake-cloud.js";
import { root2 } from "../support/cloud/siege.js";
import { TestFolder } from "../support/folder.js";

const identity = identityFor("https://cloud.example");

/** Enrols as this identity with a key of its own, and returns its file's name. */
function store(stateDir: string, who: Partial<Identity> = {}): string {
  const { id } = makeKey(stateDir);
  writeIdentity(stateDir, { ...identity, ...who, key: id });
  return `device-${id}.key`;
}

describe("an identity", () => {
  it("is read back as it was written", () => {
    using folder = new TestFolder();
    const key = makeKey(folder.path);
    writeIdentity(folder.path, { ...identity, key: key.id });
    const read = readIdentity(folder.path);
    expect(read.identity).toEqual({ ...identity, key: key.id });
    expect(read.deviceKey.toPem()).toBe(key.toPem());
    expect(isEnrolled(folder.path)).toBe(true);
  });

  it("takes a newer root over, and nothing else changes", () => {
    using folder = new TestFolder();
    store(folder.path);
    const before = readIdentity(folder.path);
    const newer = { root: root2, fingerprint: fingerprintOf(root2) };
    keepRoot(folder.path, before.identity, newer);
    const { identity: after, deviceKey } = readIdentity(folder.path);
    expect(after).toEqual({
      ...before.identity,
      ...{ root: root2, rootFingerprint: newer.fingerprint },
    });
    expect(deviceKey.id).toBe(before.deviceKey.id);
  });

  it("that took the place of another keeps its own root", () => {
    using folder = new TestFolder();
    store(folder.path);
    const { identity: former } = readIdentity(folder.path);
    store(folder.path, { agent: "agent-2" });
    const newer = { root: root2, fingerprint: fingerprintOf(root2) };
    expect(() => keepRoot(folder.path, former, newer)).toThrow("any more");
    expect(readIdentity(folder.path).identity.root).toEqual(identity.root);
  });

  it("is for its owner's eyes only, and leaves nothing beside it", () => {
    using folder = new TestFolder();
    const stateDir = join(folder.path, "a/b");
    const key = store(stateDir);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(readdirSync(stateDir)).toEqual([key, "identity.json"]);
    for (const name of readdirSync(stateDir)) {
      expect(statSync(join(stateDir, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("does not inherit the mode of what a crash left", () => {
    using folder = new TestFolder();
    const leftover = join(folder.path, "identity.json.new");
    writeFileSync(leftover, "half of it", { mode: 0o666 });
    chmodSync(leftover, 0o666);
    store(folder.path);
    expect(readIdentity(folder.path).identity.agent).toBe("agent-1");
  });

  it("is the earlier one, key and all, until the new one is in its place", () => {
    using folder = new TestFolder();
    store(folder.path);
    const before = readIdentity(folder.path);
    const key = makeKey(folder.path); // and then the power goes
    const { identity, deviceKey } = readIdentity(folder.path);
    expect(identity).toEqual(before.identity);
    expect(deviceKey.id).toBe(before.deviceKey.id);

    writeIdentity(folder.path, { ...identity, agent: "agent-2", key: key.id });
    expect(readIdentity(folder.path).identity.agent).toBe("agent-2");
    expect(readIdentity(folder.path).deviceKey.id).toBe(key.id);
    const left = [`device-${key.id}.key`, "identity.json"];
    expect(readdirSync(folder.path)).toEqual(left);
  });

  it("gets no key where nothing can be written", () => {
    using folder = new TestFolder();
    const file = folder.file("in-the-way", "");
    expect(() => makeKey(file)).toThrow(/^cannot keep a key in /);
  });

  it("forgets a key that the cloud did not take", () => {
    using folder = new TestFolder();
    forgetKey(folder.path, makeKey(folder.path));
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it.each(["identity.json", "key"])("needs its %s", (which) => {
    using folder = new TestFolder();
    const key = store(folder.path);
    rmSync(join(folder.path, which === "key" ? key : which));
    expect(() => readIdentity(folder.path)).toThrow(
      /^this host is not enrolled .* run: tourniquet enrol/,
    );
  });

  it.each([
    ["identity.json", 0o640],
    ["key", 0o604],
  ])("is not trusted where others may read its %s", (which, mode) => {
    using folder = new TestFolder();
    const key = store(folder.path);
    const name = which === "key" ? key : which;
    chmodSync(join(folder.path, name), mode);
    expect(() => readIdentity(folder.path)).toThrow(
      `${name} can be read by others (mode ${mode.toString(8)}); it must be 600`,
    );
  });

  it.each([0o770, 0o707, 0o1777])(
    "is not trusted in a folder of mode %o",
    (mode) => {
      using folder = new TestFolder();
      store(folder.path);
      chmodSync(folder.path, mode);
      const why = `can be written by others (mode ${(mode & 0o777).toString(8)}); it must be 700`;
      expect(() => readIdentity(folder.path)).toThrow(why);
      expect(() => makeKey(folder.path)).toThrow(why);
    },
  );

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot("is not trusted where it belongs to somebody else", () => {
    using folder = new TestFolder();
    chownSync(join(folder.path, store(folder.path)), 12_345, 12_345);
    expect(() => readIdentity(folder.path)).toThrow("belongs to user 12345");
  });

  asRoot("is not trusted in a folder of somebody else's", () => {
    using folder = new TestFolder();
    store(folder.path);
    chownSync(folder.path, 12_345, 12_345);
    expect(() => readIdentity(folder.path)).toThrow("belongs to user 12345");
  });

  it.each([
    ["identity.json", "{}"],
    ["identity.json", "not JSON"],
    ["key", "not a key"],
  ])("is damaged where its %s is %s", (which, text) => {
    using folder = new TestFolder();
    const key = store(folder.path);
    writeFileSync(join(folder.path, which === "key" ? key : which), text);
    expect(() => readIdentity(folder.path)).toThrow(
      /^the identity in .* is damaged: /,
    );
  });
});
