import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmdirSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { operatorOf } from "../cloud/cli/operator.js";
import { HostProcess } from "../support/agent/host-process.js";
import { startTestCloud, type TestCloud } from "../support/cloud/cloud.js";

describe("the mode that an enrolment token proposes", () => {
  it("is what a new host begins with, and is its own from then on", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const token = await tokenFor(cloud, host, "--mode", "observe");
    const enrolled = await host.tourniquet("enrol", "--token-file", token);
    expect(enrolled.stderr).toBe("");
    expect(enrolled.stdout).toMatch(
      /^enrolled as agt-.*\nthis host begins by observing, as its token proposes: .*tourniquet enforce$/m,
    );
    {
      await using _agent = host.run();
      expect(await modeOf(host)).toBe("observe");
      expect((await host.tourniquet("status")).stdout).toMatch(/^OBSERVING/m);
      const told = await host.tourniquet("history", "--orders");
      expect(told.stdout).toMatch(/its enrolment token +observe +done/);
      expect((await host.tourniquet("enforce")).code).toBe(0);
    }
    {
      await using _agent = host.run();
      expect(await modeOf(host)).toBe("enforce");
      const another = await tokenFor(cloud, host, "--mode", "observe");
      const again = await host.tourniquet(
        ...["enrol", "--force", "--token-file", another],
      );
      expect(again.stdout).toContain(
        "its token proposes to observe; this host has a mode of its own already, and keeps it",
      );
    }
    await using _agent = host.run();
    expect(await modeOf(host)).toBe("enforce");
  });

  it("comes in a carried answer as well", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const token = await tokenFor(cloud, host, "--mode", "observe");
    const [request, answer] = ["request", "answer"].map((name) =>
      join(host.folder.path, name),
    ) as [string, string];
    await host.tourniquet(
      ...["enrol", "--token-file", token, "--request-to", request],
    );
    await operatorOf(cloud)("enrol-host", request, answer);
    const enrolled = await host.tourniquet("enrol", "--answer", answer);
    expect(enrolled.stdout).toContain("this host begins by observing");
    await using _agent = host.run();
    expect(await modeOf(host)).toBe("observe");
  });

  it("is none where the token proposes none", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const token = await tokenFor(cloud, host);
    const enrolled = await host.tourniquet("enrol", "--token-file", token);
    expect(enrolled.stdout).toMatch(/^enrolled as .*\n$/);
    expect(existsSync(join(host.stateDir, "ledger.db"))).toBe(false);
  });

  it("makes no agent of a host that cannot take it", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const token = await tokenFor(cloud, host, "--mode", "observe");
    mkdirSync(join(host.stateDir, "ledger.db.first"), { recursive: true });
    chmodSync(host.stateDir, 0o700);
    const enrolled = await host.tourniquet("enrol", "--token-file", token);
    expect(enrolled.code).toBe(1);
    expect(enrolled.stderr).toContain(
      "cannot begin with the mode of the token",
    );
    expect(existsSync(join(host.stateDir, "identity.json"))).toBe(false);
    rmdirSync(join(host.stateDir, "ledger.db.first"));
    // The token is spent, but on this host's key.
    const again = await host.tourniquet("enrol", "--token-file", token);
    expect(again.stdout).toContain("this host begins by observing");
    const left = readdirSync(host.stateDir).filter((it) => /key|pend/.test(it));
    expect(left).toHaveLength(1);
  });

  it("is that of the next token, where an enrolment died half way", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const enrolledTo = async (mode: string) => {
      const token = await tokenFor(cloud, host, "--mode", mode);
      return (await host.tourniquet("enrol", "--token-file", token)).stdout;
    };
    const identity = join(host.stateDir, "identity.json");
    await enrolledTo("observe");
    rmSync(identity); // as if it had died before that was written
    expect(await enrolledTo("enforce")).toContain(
      "this host begins by enforcing, as its token proposes",
    );
    {
      await using _agent = host.run();
      expect(await modeOf(host)).toBe("enforce");
      expect((await host.tourniquet("observe")).code).toBe(0);
      expect((await host.tourniquet("enforce")).code).toBe(0);
    }
    rmSync(identity);
    expect(await enrolledTo("observe")).toContain(
      "this host has a mode of its own already, and keeps it",
    );
  });
});

async function tokenFor(
  cloud: TestCloud,
  host: HostProcess,
  ...options: readonly string[]
): Promise<string> {
  const run = operatorOf(cloud);
  await run("org", "add", "Example");
  const { out } = await run("token", "--org", "example", ...options);
  return host.folder.file("token", out);
}

async function modeOf(host: HostProcess): Promise<unknown> {
  await host.stands();
  const { stdout } = await host.tourniquet("status", "--json");
  return (JSON.parse(stdout) as { mode: unknown }).mode;
}
