import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import type { StatusView } from "../../service/control/status-view.js";
import { operatorOf } from "../cloud/cli/operator.js";
import { HostProcess } from "../support/agent/host-process.js";
import { startTestCloud, type TestCloud } from "../support/cloud/cloud.js";

describe("a host that stands alone", () => {
  it("bans, allows and explains without a cloud, and misses none", async () => {
    using host = new HostProcess();
    const enabled = await host.tourniquet("enable", "--standalone");
    expect(enabled.stderr).toBe("");
    expect(enabled.stdout).toMatch(/^this host stands alone: /);
    await using _agent = host.run();
    await host.stands();

    const ban = await host.tourniquet("ban", "192.0.2.7", "--for", "4h");
    expect(ban.stderr).toBe("");
    expect((await host.tourniquet("allow", "192.0.2.9")).code).toBe(0);
    expect((await host.tourniquet("bans", "--csv")).stdout).toMatch(
      /192\.0\.2\.7/,
    );
    expect((await host.tourniquet("why", "192.0.2.7")).stdout).toMatch(/local/);
    expect((await host.tourniquet("ban", "192.0.2.9")).code).toBe(1);

    const screen = (await host.tourniquet("status")).stdout;
    expect(screen).toMatch(/^cloud +stand-alone: no cloud$/m);
    const whole = (await host.tourniquet("status", "--verbose")).stdout;
    expect(`${screen}${whole}`).not.toMatch(
      /not connected|enrolled:|^! .*cloud/m,
    );
    const status = await statusOf(host);
    expect(status.identity).toBeNull();
    expect(status.cloud).toMatchObject({ at: "none", caughtUp: true });
    expect(status.feeds.map(({ feed }) => feed)).toEqual(["local"]);
    expect(status.verdict.findings.filter(isOfCloud)).toEqual([]);

    const doctor = await host.tourniquet("doctor", "--json");
    expect(doctor.stdout).toContain("stand-alone: no cloud");
    expect(doctor.stdout).not.toContain("not enrolled");
  });

  it("says of what only a cloud brings that it has none", async () => {
    using host = new HostProcess();
    await host.tourniquet("enable", "--standalone");
    await using _agent = host.run();
    await host.stands();
    const bundle = host.folder.file("bundle", "any");
    for (const argv of [
      ["rekey"],
      ["apply", bundle],
      ["receipts", join(host.folder.path, "receipts")],
    ]) {
      const told = await host.tourniquet(...argv);
      expect(told.code).toBe(1);
      expect(told.stderr).toMatch(/this host stands alone: it has no cloud/);
    }
    const spooled = (await host.tourniquet("telemetry", "show")).stdout;
    expect(spooled).not.toMatch(/"items":\s*\[\s*\{/);
  });

  it("keeps its bans and what it allows when it is enrolled later", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    await host.tourniquet("enable", "--standalone");
    {
      await using _agent = host.run();
      await host.stands();
      await host.tourniquet("ban", "192.0.2.7", "--for", "4h");
      await host.tourniquet("allow", "192.0.2.9");
      const enrolled = await enrol(host, cloud);
      expect(enrolled.stdout).toMatch(
        /^enrolled as agt-.*\nthis host stood alone: an agent that runs does so until it is restarted/,
      );
    }
    expect(existsSync(join(host.stateDir, "stand-alone.json"))).toBe(false);
    await using _agent = host.run();
    await host.connected();
    const why = (await host.tourniquet("why", "192.0.2.7", "--json")).stdout;
    expect(why).toContain('"feed":"local"');
    const orders = (await host.tourniquet("history", "--orders")).stdout;
    expect(orders).toMatch(/192\.0\.2\.9/);
    expect((await host.tourniquet("ban", "192.0.2.9")).code).toBe(1);
    expect((await host.tourniquet("enable", "--standalone")).stderr).toContain(
      "this host is enrolled",
    );
  });

  it("is asked for by its name, and without it nothing starts", async () => {
    using host = new HostProcess();
    const bare = await host.tourniquet("enable");
    expect(bare.code).toBe(2);
    expect(bare.stderr).toContain("tourniquet enrol --token-file FILE");
    const run = await host.tourniquet("run");
    expect(run.code).toBe(1);
    expect(run.stderr).toContain("tourniquet enable --standalone");
  });
});

const isOfCloud = ({ text }: { readonly text: string }): boolean =>
  text.includes("cloud");

async function statusOf(host: HostProcess): Promise<StatusView> {
  const { stdout } = await host.tourniquet("status", "--json");
  return JSON.parse(stdout) as StatusView;
}

async function enrol(host: HostProcess, cloud: TestCloud) {
  const run = operatorOf(cloud);
  await run("org", "add", "Example");
  const { out } = await run("token", "--org", "example");
  const token = host.folder.file("token", out);
  return host.tourniquet("enrol", "--token-file", token);
}
