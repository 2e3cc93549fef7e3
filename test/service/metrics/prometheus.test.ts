import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { systemClock } from "../../../agent/runtime/clock.js";
import { EXAMPLE } from "../../../scripts/metrics-table.js";
import { familiesOf } from "../../../service/metrics/families.js";
import { measure } from "../../../service/metrics/measure.js";
import { startMetricsServer } from "../../../service/metrics/server.js";
import { freePort } from "../../cloud/process.js";
import { textOf } from "../../documents/markdown.js";
import { hostIn } from "../../support/agent/enrolled-host.js";
import { startTestCloud, eventually } from "../../support/cloud/cloud.js";
import { TestFolder } from "../../support/folder.js";
import { skipped } from "../../support/kernel/skipped.js";
import { packageRoot } from "../../support/vectors.js";

const ALERTS = join(packageRoot, "docs/prometheus/alerts.yml");
const PROMTOOL = "/usr/bin/promtool";
const PROMETHEUS = "/usr/bin/prometheus";

interface Alerts {
  readonly groups: readonly {
    readonly rules: readonly {
      readonly alert: string;
      readonly expr: string;
    }[];
  }[];
}
interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const alerts = parse(textOf("docs/prometheus/alerts.yml")) as Alerts;
const dashboard = JSON.parse(
  textOf("docs/prometheus/dashboard.json"),
) as Dashboard;

/** Each with its name. */
const expressions: readonly (readonly [string, string])[] = [
  ...alerts.groups.flatMap(({ rules }) =>
    rules.map(({ alert, expr }) => [alert, expr] as const),
  ),
  ...dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [title, filledIn(expr)] as const),
  ),
];

/** As Grafana does it. */
function filledIn(expr: string): string {
  return expr
    .replaceAll("$instance", ".*")
    .replaceAll("$__rate_interval", "1m");
}

describe("alerts and the dashboard", () => {
  it.each(expressions)("ask for what is told: %s", (_name, expr) => {
    const told = familiesOf(EXAMPLE).map(({ name, type }) =>
      type === "counter" ? `${name}_total` : name,
    );
    const asked = expr.match(/\b(?:tourniquet|process)_\w+/g) ?? [];
    expect(asked.filter((name) => !told.includes(name))).toEqual([]);
  });

  const isThere = existsSync(PROMTOOL) && existsSync(PROMETHEUS);
  const named = (name: string) =>
    isThere ? name : skipped(name, "Debian's package prometheus is not there");
  const withPrometheus = isThere ? it : it.skip;

  withPrometheus(
    named("alerts are rules, and fire when they are to"),
    async () => {
      using folder = new TestFolder();
      const tests = folder.file("tests.yml", JSON.stringify(RULE_TESTS));
      const run = promisify(execFile);
      await run(PROMTOOL, ["check", "rules", ALERTS]);
      const { stdout } = await run(PROMTOOL, ["test", "rules", tests]);
      expect(stdout).toContain("SUCCESS");
    },
  );

  withPrometheus(
    named("every expression is answered about a real agent"),
    async () => {
      await using opened = new Lifetime();
      await using cloud = await startTestCloud();
      const org = await cloud.addOrg("example");
      const { agent, path } = await hostIn(org, cloud, opened);
      const [target, own] = [await freePort(), await freePort()];
      opened.own(
        await startMetricsServer({
          ...{ socketPath: undefined, clock: systemClock },
          address: { host: "127.0.0.1", port: target },
          measure: () =>
            measure({ agent, clock: agent.clock, version: "1.2.3" }),
        }),
      );
      const ask = opened.own(scraping(path, target, own)).ask;
      await eventually(async () => {
        const found = await ask('up{job="tourniquet"} == 1').catch(() => []);
        return found.length > 0 ? found : undefined;
      });
      for (const [name, expr] of expressions) {
        expect({ name, answer: await ask(expr) }).toEqual({
          ...{ name, answer: expect.any(Array) },
        });
      }
      expect(await ask("tourniquet_cloud_connected == 1")).toHaveLength(1);
      expect(await ask('tourniquet_build_info{version="1.2.3"}')).toHaveLength(
        1,
      );
    },
    90_000,
  );
});

/** A Prometheus that scrapes one agent, until it is disposed of. */
function scraping(folder: string, target: number, own: number) {
  const config = join(folder, "prometheus.json");
  const job = {
    ...{ job_name: "tourniquet", scrape_interval: "1s" },
    static_configs: [{ targets: [`127.0.0.1:${target}`] }],
  };
  writeFileSync(
    config,
    JSON.stringify({ scrape_configs: [job], rule_files: [ALERTS] }),
  );
  const child = spawn(
    PROMETHEUS,
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "tsdb")}`,
      `--web.listen-address=127.0.0.1:${own}`,
    ],
    { stdio: "ignore" },
  );
  const ended = once(child, "exit");
  return {
    ask: async (query: string): Promise<readonly unknown[]> => {
      const url = `http://127.0.0.1:${own}/api/v1/query?query=${encodeURIComponent(query)}`;
      const answer = (await (await fetch(url)).json()) as {
        readonly error?: string;
        readonly data?: { readonly result: readonly unknown[] };
      };
      if (answer.data === undefined) throw new Error(answer.error ?? "none");
      return answer.data.result;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

const OF_HOST = '{instance="web1", job="tourniquet"}';
const series = (name: string, values: string) => ({
  ...{ series: `${name}${OF_HOST}`, values },
});

/** What promtool tries: a host that is well, and one that is not. */
const RULE_TESTS = {
  rule_files: [ALERTS],
  evaluation_interval: "1m",
  tests: [
    {
      interval: "1m",
      input_series: [
        series("up", "1x20"),
        series("tourniquet_enforcing", "1x20"),
        series("tourniquet_observing", "0x20"),
        series("tourniquet_ledger_revision", "7x20"),
        series("tourniquet_kernel_revision", "7x20"),
        series("tourniquet_disturbances_healed_total", "1x20"),
        series("process_start_time_seconds", "5x20"),
      ],
      alert_rule_test: alerts.groups.flatMap(({ rules }) =>
        rules.map(({ alert }) => ({
          ...{ eval_time: "15m", alertname: alert, exp_alerts: [] },
        })),
      ),
    },
    {
      interval: "1m",
      input_series: [
        series("tourniquet_enforcing", "1 0x20"),
        series("tourniquet_observing", "0x20"),
        series("tourniquet_ledger_revision", "8x20"),
        series("tourniquet_kernel_revision", "7x20"),
        series("tourniquet_disturbances_healed_total", "0+2x20"),
      ],
      promql_expr_test: [
        "TourniquetNotEnforcing",
        "TourniquetKernelBehind",
        "TourniquetContested",
      ].map((alertname) => ({
        expr: `count(ALERTS{alertname="${alertname}", alertstate="firing"})`,
        eval_time: "15m",
        exp_samples: [{ labels: "{}", value: 1 }],
      })),
    },
  ],
};
