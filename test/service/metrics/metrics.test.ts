import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, statSync } from "node:fs";
import { request, type IncomingHttpHeaders } from "node:http";
import { text } from "node:stream/consumers";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { EXAMPLE, withMetrics } from "../../../scripts/metrics-table.js";
import { exposition } from "../../../service/metrics/exposition.js";
import { familiesOf } from "../../../service/metrics/families.js";
import { measure } from "../../../service/metrics/measure.js";
import { startMetricsServer } from "../../../service/metrics/server.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { hostIn } from "../../support/agent/enrolled-host.js";
import { HostProcess } from "../../support/agent/host-process.js";
import { eventually, startTestCloud } from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";
import { freePort } from "../../cloud/process.js";
import { textOf } from "../../documents/markdown.js";

const PROMTOOL = "/usr/bin/promtool";
const families = familiesOf(EXAMPLE);
const [openmetrics, plain] = [
  exposition(families, "openmetrics"),
  exposition(families, "text"),
];

describe("metrics", () => {
  it("are told as OpenMetrics has them, and as it was before", () => {
    expect(openmetrics).toContain(
      '# TYPE tourniquet_matched_packets counter\n# HELP tourniquet_matched_packets Packets that bans matched.\ntourniquet_matched_packets_total{family="ipv4",direction="in",action="dropped"} 3\n',
    );
    expect(openmetrics).toMatch(/\n# EOF\n$/);
    expect(plain).toContain(
      "# TYPE tourniquet_matched_packets_total counter\n",
    );
    expect(plain).not.toContain("# EOF");
  });

  it("put an org's groups together, and name neither it nor files", () => {
    expect(openmetrics).toContain(
      'tourniquet_bans{feed="group",state="enforced"} 5\n',
    );
    expect(openmetrics).not.toMatch(/acme|auth\.log/);
  });

  it("escape what a label may hold", () => {
    const labels = { version: 'a"b\\c\nd' };
    const samples = [{ labels, value: 1 }];
    const family = { name: "a", type: "gauge", help: "b", samples } as const;
    expect(exposition([family], "text")).toContain(
      'a{version="a\\"b\\\\c\\nd"} 1\n',
    );
  });

  it("are all in docs/metrics.md, as dist/scripts/config-document.js writes them", () => {
    const document = textOf("docs/metrics.md");
    expect(withMetrics(document, families)).toBe(document);
  });

  (existsSync(PROMTOOL) ? it : it.skip)(
    "are what Prometheus takes (skipped without Debian's package prometheus)",
    () => {
      const { status, stdout, stderr } = spawnSync(
        PROMTOOL,
        ["check", "metrics"],
        { input: plain, encoding: "utf8" },
      );
      expect({ status, stdout, stderr }).toEqual({
        ...{ status: 0, stdout: "", stderr: "" },
      });
    },
  );
});

describe("the places where metrics are told", () => {
  it("tell a running agent's, to its group, over a unix socket", async () => {
    await using opened = new Lifetime();
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    const { agent, path } = await hostIn(org, cloud, opened);
    const socketPath = join(path, "metrics.sock");
    const { clock } = agent;
    opened.own(
      await startMetricsServer({
        ...{ socketPath, address: undefined, clock: systemClock },
        measure: () => measure({ agent, clock, version: "1.2.3" }),
      }),
    );
    expect(statSync(socketPath).mode & 0o777).toBe(0o660);
    const { status, body, headers } = await ask({ socketPath });
    expect(status).toBe(200);
    expect(headers["content-type"]).toContain("application/openmetrics-text");
    expect(body).toContain('tourniquet_build_info{version="1.2.3"} 1\n');
    expect(body).toContain("tourniquet_cloud_connected 1\n");
    expect(body).not.toContain(org);
  });

  it("are opened by the process, beside its control socket and on loopback", async () => {
    await using cloud = await startTestCloud();
    using host = new HostProcess();
    const port = await freePort();
    appendFileSync(host.config, `\nmetrics: { listen: "127.0.0.1:${port}" }\n`);
    const org = await cloud.addOrg("example");
    const token = host.folder.file("token", await cloud.token(org));
    await host.tourniquet("enrol", "--token-file", token);
    await using _running = host.run();
    const socketPath = join(host.folder.path, "metrics.sock");
    const answered = (at: Parameters<typeof ask>[0]) =>
      eventually(() =>
        ask(at).then(
          ({ status }) => (status === 200 ? status : undefined),
          () => undefined,
        ),
      );
    expect(await answered({ socketPath })).toBe(200);
    expect(await answered({ host: "127.0.0.1", port })).toBe(200);
  });

  it("look once for all who ask at once, and order nothing", async () => {
    using folder = new TestFolder();
    const socketPath = join(folder.path, "run/metrics.sock");
    const looks: number[] = [];
    await using _server = await startMetricsServer({
      ...{ socketPath, address: undefined, clock: { monotonic: () => 5 } },
      measure: () => {
        looks.push(1);
        return Promise.resolve(families);
      },
    });
    const all = await Promise.all([1, 2, 3].map(() => ask({ socketPath })));
    expect(all.map(({ body }) => body)).toEqual(Array(3).fill(openmetrics));
    expect(looks).toHaveLength(1);
    const plainly = await ask({
      socketPath,
      headers: { accept: "text/plain" },
    });
    expect(plainly.body).toBe(plain);
    const statuses = [
      await ask({ socketPath, path: "/v1/status" }),
      await ask({ socketPath, method: "POST" }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([404, 405]);
  });

  it("say so when the agent can't be looked at, and look again", async () => {
    using folder = new TestFolder();
    const socketPath = join(folder.path, "metrics.sock");
    const looks = [
      () => Promise.reject(new Error("no kernel")),
      () => Promise.resolve(families),
    ];
    await using _server = await startMetricsServer({
      ...{ socketPath, address: undefined, clock: systemClock },
      measure: () => (looks.shift() ?? (() => Promise.resolve([])))(),
    });
    expect((await ask({ socketPath })).status).toBe(503);
    expect((await ask({ socketPath })).status).toBe(200);
  });

  it("hear on loopback who asks by an address, and no page in a browser", async () => {
    const port = await freePort();
    await using _server = await startMetricsServer({
      ...{ socketPath: undefined, clock: systemClock },
      address: { host: "127.0.0.1", port },
      measure: () => Promise.resolve(families),
    });
    const at = { host: "127.0.0.1", port };
    expect((await ask(at)).status).toBe(200);
    const rebound = { host: "attacker.example" };
    expect((await ask({ ...at, headers: rebound })).status).toBe(403);
  });
});

function ask(options: {
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Record<string, string>;
}): Promise<{ status: number; body: string; headers: IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    request({ path: "/metrics", agent: false, ...options }, (response) => {
      const { statusCode: status = 0, headers } = response;
      text(response).then((body) => resolve({ status, body, headers }), reject);
    })
      .on("error", reject)
      .end();
  });
}
