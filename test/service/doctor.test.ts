import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parseConfig } from "../../agent/config/config.js";
import { makeCertificate } from "../../scripts/lab/certificate.js";
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
import { FakeCloud } from "../support/cloud/fake-cloud.js";
import { HttpProxy } from "../support/cloud/http-proxy.js";
import { certificateOf } from "../support/cloud/old-certificate.js";
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
  });

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
      found: "fail2ban, Docker, ufw",
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
    const url = `http://127.0.0.1:${port}`;
    const { cloud: settings } = parseConfig({}, "test");
    const env = { HTTPS_PROXY: "http://p:3128" };
    const found = await networkChecks(url, settings, env);
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
    expect((await networkChecks(url, settings, {})).at(-1)).toMatchObject({
      ...{ check: "cloud", state: "bad" },
      found: expect.stringContaining("nothing listens there"),
    });
  });
});

describe("the way to the cloud, as the doctor sees it", () => {
  const checked = (url: string, cloud: object = {}) =>
    networkChecks(url, parseConfig({ cloud }, "test").cloud, {});

  it("a proxy that leads there, and one that does not", async () => {
    await using cloud = await FakeCloud.start();
    await using proxy = await HttpProxy.start();
    const by = { proxy: proxy.url.origin };
    expect(await checked(cloud.url, by)).toMatchObject([
      { check: "dns", state: "good" },
      {
        ...{ check: "proxy", state: "good" },
        found: `the proxy ${proxy.url.host} leads to 127.0.0.1:${cloud.port}`,
      },
      { check: "cloud", state: "good" },
      { check: "time", state: "good" },
    ]);
    proxy.status = 407;
    expect((await checked(cloud.url, by)).at(-1)).toMatchObject({
      ...{ check: "proxy", state: "bad" },
      found: expect.stringContaining("asks for a user and a password"),
    });
  });

  it("a captive portal", async () => {
    await using cloud = await FakeCloud.start();
    cloud.serve = (_request, response) =>
      response.writeHead(302, { location: "http://portal.example/" }).end();
    expect((await checked(cloud.url)).at(-1)).toMatchObject({
      ...{ check: "cloud", state: "bad" },
      found: expect.stringContaining("http://portal.example/ (HTTP 302)"),
      mend: expect.stringContaining("sign in to that network"),
    });
  });

  it("a private authority, known and unknown, and a certificate that ran out", async () => {
    using folder = new TestFolder();
    const made = await makeCertificate(folder.path, "127.0.0.1");
    const old = await certificateOf(folder.path, [2020, 2021]);
    const serve = ({ cert, key }: { cert: string; key: string }) =>
      FakeCloud.start(0, {
        address: "127.0.0.1",
        cert: readFileSync(cert, "utf8"),
        key: readFileSync(key, "utf8"),
      });
    await using cloud = await serve(made);
    const known = await checked(cloud.url, { caFile: made.cert });
    expect(known.map(({ state }) => state)).toContain("warning"); // lasts a day
    expect(known[2]?.found).toMatch(/answers; its certificate lasts for/);
    const unknown = await checked(cloud.url);
    expect(unknown.at(-1)?.found).toMatch(/cloud\.caFile/);
    await using expired = await serve(old);
    const ended = await checked(expired.url, { caFile: old.cert });
    expect(ended.at(-1)).toMatchObject({
      ...{ check: "cloud", state: "bad" },
      found: expect.stringMatching(
        /its certificate ran out on 2021-01-01T00:00:00Z, and this host's clock says/,
      ),
    });
  });

  it("a file of the configuration that cannot be read", async () => {
    const found = await checked("https://127.0.0.1:1", { caFile: "/no/ca" });
    expect(found).toMatchObject([
      {
        ...{ check: "cloud", state: "bad" },
        found: expect.stringContaining("cloud.caFile: ENOENT"),
      },
    ]);
  });
});
