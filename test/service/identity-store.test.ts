import { describe, expect, it } from "@jest/globals";
import {
  chmodSync,
  chownSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  isEnrolled,
  readIdentity,
  writeIdentity,
} from "../../service/identity-store.js";
import { identityFor } from "../support/fake-cloud.js";
import { TestFolder } from "../support/folder.js";
import { keys } from "../support/vectors.js";

const identity = identityFor("https://cloud.example");
const stored = { identity, deviceKey: keys.device };

describe("an identity", () => {
  it("is read back as it was written", () => {
    using folder = new TestFolder();
    writeIdentity(folder.path, stored);
    const read = readIdentity(folder.path);
    expect(read.identity).toEqual(identity);
    expect(read.deviceKey.id).toBe(keys.device.id);
    expect(isEnrolled(folder.path)).toBe(true);
  });

  it("is for its owner's eyes only, and leaves nothing beside it", () => {
    using folder = new TestFolder();
    const stateDir = join(folder.path, "a/b");
    writeIdentity(stateDir, stored);
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
    expect(readdirSync(stateDir)).toEqual(["device.key", "identity.json"]);
    for (const name of readdirSync(stateDir)) {
      expect(statSync(join(stateDir, name)).mode & 0o777).toBe(0o600);
    }
  });

  it("does not inherit the mode of what a crash left", () => {
    using folder = new TestFolder();
    const leftover = join(folder.path, "device.key.new");
    writeFileSync(leftover, "half a key", { mode: 0o666 });
    chmodSync(leftover, 0o666);
    writeIdentity(folder.path, stored);
    expect(readIdentity(folder.path).deviceKey.id).toBe(keys.device.id);
  });

  it("replaces an earlier one", () => {
    using folder = new TestFolder();
    writeIdentity(folder.path, stored);
    const other = { ...identity, agent: "agent-2" };
    writeIdentity(folder.path, { identity: other, deviceKey: keys.stranger });
    expect(readIdentity(folder.path).identity.agent).toBe("agent-2");
    expect(readIdentity(folder.path).deviceKey.id).toBe(keys.stranger.id);
  });

  it.each(["identity.json", "device.key"])("needs its %s", (name) => {
    using folder = new TestFolder();
    writeIdentity(folder.path, stored);
    rmSync(join(folder.path, name));
    expect(() => readIdentity(folder.path)).toThrow(
      /^this host is not enrolled .* run: tourniquet enrol/,
    );
  });

  it.each([
    ["identity.json", 0o640],
    ["device.key", 0o604],
  ])("is not trusted where others may read its %s", (name, mode) => {
    using folder = new TestFolder();
    writeIdentity(folder.path, stored);
    chmodSync(join(folder.path, name), mode);
    expect(() => readIdentity(folder.path)).toThrow(
      `${name} can be read by others (mode ${mode.toString(8)}); it must be 600`,
    );
  });

  const asRoot = process.getuid?.() === 0 ? it : it.skip;
  asRoot("is not trusted where it belongs to somebody else", () => {
    using folder = new TestFolder();
    writeIdentity(folder.path, stored);
    chownSync(join(folder.path, "device.key"), 12_345, 12_345);
    expect(() => readIdentity(folder.path)).toThrow("belongs to user 12345");
  });

  it.each([
    ["identity.json", "{}"],
    ["identity.json", "not JSON"],
    ["device.key", "not a key"],
  ])("is damaged where its %s is %s", (name, text) => {
    using folder = new TestFolder();
    writeIdentity(folder.path, stored);
    writeFileSync(join(folder.path, name), text);
    expect(() => readIdentity(folder.path)).toThrow(
      /^the identity in .* is damaged: /,
    );
  });
});
