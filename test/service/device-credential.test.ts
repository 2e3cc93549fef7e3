import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { generateKey } from "../../agent/trust/keys.js";
import { deviceCredential } from "../../service/identity/device-credential.js";
import { readIdentity } from "../../service/identity/identity-store.js";
import { HostProcess } from "../support/agent/host-process.js";
import { startTestCloud } from "../support/cloud/cloud.js";
import { TestFolder } from "../support/folder.js";

describe("a device key that the service manager hands in", () => {
  it("enrols, runs, and is not the agent's to change", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    const key = generateKey();
    const env = { CREDENTIALS_DIRECTORY: handIn(host.folder, key.toPem()) };
    const token = host.folder.file(
      "token",
      await cloud.token(await cloud.addOrg("example")),
    );
    const argv = ["enrol", "--token-file", token];
    expect(await host.with(env, ...argv)).toMatchObject({ code: 0 });
    expect(readdirSync(host.stateDir)).toEqual(["identity.json"]);
    await using _agent = host.run(env);
    await saysConnected(host);
    const { code, stderr } = await host.tourniquet("rekey");
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("a credential that its service manager hands in"),
    ]);
  });

  it("may be the one that was made here, which need not lie here then", async () => {
    using host = new HostProcess();
    await using cloud = await startTestCloud();
    const token = host.folder.file(
      "token",
      await cloud.token(await cloud.addOrg("example")),
    );
    await host.tourniquet("enrol", "--token-file", token);
    const { deviceKey } = readIdentity(host.stateDir);
    const folder = handIn(host.folder, deviceKey.toPem());
    rmSync(join(host.stateDir, `device-${deviceKey.id}.key`));
    {
      await using _agent = host.run({ CREDENTIALS_DIRECTORY: folder });
      await saysConnected(host);
    }
    expect((await host.tourniquet("run")).stderr).toContain("is not enrolled");
    const env = {
      CREDENTIALS_DIRECTORY: handIn(host.folder, generateKey().toPem()),
    };
    expect((await host.with(env, "run")).stderr).toContain(
      `this host is enrolled with ${deviceKey.id}`,
    );
  });

  it.each([0o404, 0o420, 0o430])("is not taken of mode %o", (mode) => {
    using folder = new TestFolder();
    const path = handIn(folder, generateKey().toPem(), mode);
    expect(() => deviceCredential({ CREDENTIALS_DIRECTORY: path })).toThrow(
      `device-key is open to others (mode ${mode.toString(8)}); it must be 400`,
    );
  });

  it.each([0o400, 0o440, 0o600])("is taken of mode %o", (mode) => {
    using folder = new TestFolder();
    const key = generateKey();
    const path = handIn(folder, key.toPem(), mode);
    const read = deviceCredential({ CREDENTIALS_DIRECTORY: path });
    expect(read?.id).toBe(key.id);
  });

  it("is refused where it is no key, without repeating it", () => {
    using folder = new TestFolder();
    const path = handIn(folder, "hunter2");
    const read = () => deviceCredential({ CREDENTIALS_DIRECTORY: path });
    expect(read).toThrow(/^the credential .*device-key is no device key: /);
    expect(read).not.toThrow(/hunter2/);
  });

  it("is none where there is none", () => {
    using folder = new TestFolder();
    expect(deviceCredential({})).toBeUndefined();
    const empty = { CREDENTIALS_DIRECTORY: folder.path };
    expect(deviceCredential(empty)).toBeUndefined();
  });
});

/** What systemd does with a credential, and returns where. */
function handIn(folder: TestFolder, pem: string, mode = 0o400): string {
  const path = join(folder.path, "credentials");
  mkdirSync(path, { recursive: true });
  rmSync(join(path, "device-key"), { force: true });
  chmodSync(folder.file("credentials/device-key", pem), mode);
  return path;
}

async function saysConnected(host: HostProcess): Promise<void> {
  await host.connected();
  const { stdout } = await host.tourniquet("status");
  expect(stdout).toContain("cloud    connected");
}
