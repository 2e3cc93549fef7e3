import { request } from "node:http";
import { join } from "node:path";
import type { AgentOrders, AgentView } from "../../../agent/agent.js";
import {
  guardedBy,
  letOperatorOrder,
  takeCarried,
  watchVerdict,
} from "../../../agent/assembly.js";
import { KeyIsFixed } from "../../../agent/keyring/device-keys.js";
import type { SensorView } from "../../../agent/sensors/sensor-view.js";
import { Lifetime } from "../../../agent/runtime/lifetime.js";
import { LastHour } from "../../../agent/telemetry/last-hour.js";
import { askAgent, orderAgent } from "../../../service/control/client.js";
import { startReadersServer } from "../../../service/control/readers.js";
import { startControlServer } from "../../../service/control/server.js";
import { identityFor } from "../cloud/fake-cloud.js";
import { TestHost, type HostOptions } from "./agent-fixtures.js";

/** A host of a test, and its control socket. */
export class Control implements AsyncDisposable {
  private constructor(
    readonly host: TestHost,
    readonly path: string,
    readonly server: AsyncDisposable,
  ) {}

  static async start(at?: string, options?: HostOptions): Promise<Control> {
    const host = await TestHost.open(options);
    const path = at ?? join(host.folder, "run/control.sock");
    try {
      return new Control(host, path, await listen(host, path));
    } catch (error) {
      await host[Symbol.asyncDispose]();
      throw error;
    }
  }

  startAgain(): Promise<AsyncDisposable> {
    return listen(this.host, this.path);
  }

  ask(path: string): Promise<unknown> {
    return askAgent(this.path, path);
  }

  order(path: string, order: unknown): Promise<unknown> {
    return orderAgent(this.path, path, order);
  }

  status(
    method: string,
    path: string,
    body?: string,
  ): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      request({ socketPath: this.path, method, path }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end(body);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.host[Symbol.asyncDispose]();
  }
}

/** What a sensor may have read. */
export const SENSOR: SensorView = {
  ...{ name: "sshd", source: "/var/log/auth.log", kind: "file" },
  ...{ trust: "kernel", lines: 9, ofService: 7, understood: 6 },
  ...{ failures: 5, old: 1, unconfirmed: 2, newest: 1_800_000_000_000 },
};

async function listen(
  host: TestHost,
  socketPath: string,
): Promise<AsyncDisposable> {
  const { ledger, enforcer, status, core, options, opening } = host;
  const verdicts = watchVerdict(core, opening);
  const orders = letOperatorOrder(options, core, opening, {
    reportOnce: (code, what) => host.log.info(`${code} ${what}`),
    state: ({ what }) => host.log.info(`states ${what}`),
  });
  const carry = takeCarried(options, core, opening, {
    time: { dated: () => undefined },
    trials: { watch: { look: () => undefined } },
  });
  const hour = new LastHour();
  const agent: AgentView & AgentOrders = {
    carry,
    carried: carry,
    upgrading: {
      copyTo: (path) => ledger.copyTo(path),
      prove: () => Promise.resolve(),
    },
    ledger,
    enforcer,
    identity: identityFor("https://cloud.example"),
    link: status,
    telemetry: {
      view: () => undefined,
      lastHour: (totals) => {
        hour.note(totals, Date.now());
        return hour.view(Date.now());
      },
    },
    cut: undefined,
    drift: core.drift,
    policies: core.policies,
    followed: core.followed,
    verdict: () => verdicts.look(),
    proof: () => undefined,
    uncovered: () => [],
    safeMode: false,
    storage: () => ledger.storage(),
    trust: host.trust,
    facts: () => core.protection.facts,
    hits: () => enforcer.hits(),
    orders,
    rekeying: { rekey: () => Promise.reject(new KeyIsFixed()) },
    contacts: () => ({ latest: [], forgotten: 0, lost: 0 }),
    trials: () => [],
    sensors: () => [SENSOR],
    guardedBy: guardedBy(options, core),
  };
  const clock = host.banClock;
  const ports = { socketPath, agent, clock, version: "1.2.3" };
  await using opened = new Lifetime();
  opened.own(await startControlServer(ports));
  const readers = await startReadersServer(ports);
  if (readers !== undefined) opened.own(readers);
  return opened.release();
}
