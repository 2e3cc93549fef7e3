import { mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { agentChecks } from "../../service/cli/doctor/agent-checks.js";
import { doctorText } from "../../service/cli/doctor/doctor.js";
import {
  clockCheck,
  diskCheck,
  firewallCheck,
} from "../../service/cli/doctor/host-checks.js";
import { networkChecks } from "../../service/cli/doctor/network-checks.js";
import type { StatusView } from "../../service/control/status-view.js";
import { PLAIN } from "../../service/terminal/paint.js";
import { Control } from "../support/agent/control.js";
import { HostProcess } from "../support/agent/host-process.js";
import { TestFolder } from "../support/folder.js";

interface Found {
  readonly check: string;
  readonly state: string;
  readonly found: string;
  readonly mend: string | null;
}

describe("tourniquet doctor", () => {
  it("looks at this host with an agent and without", async () => {
    using host = new HostProcess();
    const ask = async () => {
      const { code, stdout } = await host.tourniquet("doctor", "--json");
      const lines = stdout.trimEnd().split("\n");
      const found = lines.map((line) => JSON.parse(line) as Found);
      return {
        code,
        of: (name: string) => found.find((c) => c.check === name),
      };
    };
    const without = await ask();
    expect(without.code).toBe(1);
    expect(without.of("agent")).toMatchObject({
      state: "bad",
      found: expect.stringContaining("no agent is running"),
      mend: expect.stringContaining("systemctl start tourniquet"),
    });
    expect(without.of("disk")).toMatchObject({ state: "bad" });
    await using _control = await Control.start(host.socket);
    const running = await ask();
    expect(running.of("agent")).toMatchObject({
      ...{ state: "good", mend: null },
      found: expect.stringMatching(/^version 1\.2\.3 runs: enforcing/),
    });
    expect(running.of("link")).toMatchObject({ state: "bad" });
    expect(running.of("kernel")).toMatchObject({
      state: "warning",
      found: expect.stringContaining("dry-run"),
    });
    expect(running.of("clock")).toMatchObject({ state: "good" });
  }, 30_000);

  it("says of each fault what it means and what mends it, at 80 columns", async () => {
    await using control = await Control.start();
    const status = (await control.ask("/v1/status")) as StatusView;
    const ill = agentChecks({
      ...status,
      sensors: [],
      uncovered: ["br0 bridges eth0, tap1: br_netfilter is not loaded"],
    });
    const bad = ill.filter(({ state }) => state !== "good");
    expect(bad.map(({ check }) => check)).toEqual(["link", "sensors", "paths"]);
    for (const { means, mend } of bad) {
      expect([means, mend]).not.toContain(null);
    }
    const text = doctorText(ill, PLAIN, 80);
    for (const line of text.split("\n")) {
      expect(line.length).toBeLessThanOrEqual(80);
    }
    expect(text).toMatch(/^warn paths {5}br0 bridges/m);
  });
});

describe("what the doctor finds", () => {
  it("a clock that stands in 1970", () => {
    expect(clockCheck(0)).toMatchObject({ state: "bad" });
    expect(clockCheck(Date.now())).toMatchObject({ state: "good" });
  });

  it("a state folder that is not there", () => {
    expect(diskCheck({ stateDir: "/nonexistent" })).toMatchObject({
      state: "bad",
    });
  });

  it("other firewall tools, and one that flushes the whole ruleset", () => {
    using folder = new TestFolder();
    const write = (name: string, text: string) => {
      const path = join(folder.path, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    };
    write("proc/17/comm", "fail2ban-server\n");
    write("proc/18/comm", "dockerd\n");
    write("etc/ufw/ufw.conf", "ENABLED=yes\n");
    expect(firewallCheck(`${folder.path}/`)).toMatchObject({
      state: "good",
      found: "fail2ban, Docker, ufw; bans come first, at priority raw - 10",
    });
    write("etc/nftables.conf", "flush ruleset\n");
    expect(firewallCheck(`${folder.path}/`).state).toBe("good");
    const wants = "etc/systemd/system/sysinit.target.wants";
    write(`${wants}/nftables.service`, "");
    expect(firewallCheck(`${folder.path}/`)).toMatchObject({
      state: "warning",
      mend: expect.stringContaining("in place of: flush ruleset"),
    });
  });

  it("a way to the cloud, its clock, and a proxy that nobody uses", async () => {
    const theirs = new Date(Date.now() - 7_200_000).toUTCString();
    const cloud = createServer((_request, response) =>
      response.setHeader("date", theirs).end(),
    );
    await new Promise<void>((done) => cloud.listen(0, "127.0.0.1", done));
    const { port } = cloud.address() as AddressInfo;
    const way = { url: `http://127.0.0.1:${port}`, caFile: undefined };
    const found = await networkChecks(way, { HTTPS_PROXY: "http://p:3128" });
    cloud.close();
    cloud.closeAllConnections();
    expect(found).toMatchObject([
      { check: "dns", state: "good" },
      { check: "proxy", state: "warning" },
      { check: "cloud", state: "good" },
      {
        ...{ check: "time", state: "warning" },
        found: "this clock is 2 h ahead of the cloud's",
      },
    ]);
    expect((await networkChecks(way, {})).at(-1)).toMatchObject({
      ...{ check: "cloud", state: "bad" },
      found: expect.stringContaining("nothing listens there"),
    });
  });
});
