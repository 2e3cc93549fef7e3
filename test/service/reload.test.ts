import { writeFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { messageOf } from "../../agent/text/message.js";
import { HostProcess } from "../support/agent/host-process.js";
import {
  eventually,
  startTestCloud,
  type TestCloud,
} from "../support/cloud/cloud.js";

describe("a configuration that is read anew", () => {
  it("counts at once where it can, and says what waits", async () => {
    await using cloud = await startTestCloud();
    using host = await enrolledIn(cloud);
    await using _running = host.run();
    await eventually(() => answers(host));
    settle(
      host,
      "guard: { allow: [192.0.2.0/24] }\ntelemetry: { impact: false }",
    );
    const { code, stdout } = await host.tourniquet("config", "reload");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout:
        "in force now: guard.allow\nfrom the next start of the agent: telemetry.impact\n",
    });
    const why = await host.tourniquet("why", "192.0.2.7");
    expect(why.stdout).toContain("allowed-here");
    settle(host, "");
    expect((await host.tourniquet("config", "reload")).stdout).toBe(
      "in force now: guard.allow\n",
    );
  });

  it("is refused as a whole while anything is wrong with it", async () => {
    await using cloud = await startTestCloud();
    using host = await enrolledIn(cloud);
    await using _running = host.run();
    await eventually(() => answers(host));
    settle(host, "guard: { allow: [192.0.2.0/24], floor: { ipv4: 99 } }");
    const refused = await host.order("/v1/reload");
    expect(messageOf(refused)).toMatch(
      /guard\.floor\.ipv4: must be from 1 to 32 \(.*config\.yaml:4\)/,
    );
    const why = await host.tourniquet("config", "reload");
    expect(why.code).toBe(2);
    settle(host, "");
    const { stdout } = await host.tourniquet("config", "reload");
    expect(stdout).toBe("nothing changed that counts at once\n");
  });

  it("is read when the process is told to by a signal", async () => {
    await using cloud = await startTestCloud();
    using host = await enrolledIn(cloud);
    await using running = host.run();
    await eventually(() => answers(host));
    settle(host, "guard: { allow: [192.0.2.0/24] }");
    running.hangUp();
    await eventually(async () => {
      const { stdout } = await host.tourniquet("why", "192.0.2.7");
      return stdout.includes("allowed-here") ? stdout : undefined;
    });
  });
});

async function enrolledIn(cloud: TestCloud): Promise<HostProcess> {
  const host = new HostProcess();
  const org = await cloud.addOrg("example");
  const token = host.folder.file("token", await cloud.token(org));
  await host.tourniquet("enrol", "--token-file", token);
  return host;
}

/** Writes the file of a host that only pretends to enforce, and more. */
const settle = (host: HostProcess, more: string): void =>
  writeFileSync(
    host.config,
    [
      `stateDir: ${host.stateDir}`,
      `controlSocket: ${host.socket}`,
      "enforce: { backend: dry-run }",
      more,
    ].join("\n"),
  );

async function answers(host: HostProcess): Promise<string | undefined> {
  const { code, stdout } = await host.tourniquet("status");
  return code === 0 ? stdout : undefined;
}
