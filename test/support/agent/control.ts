import { request } from "node:http";
import { join } from "node:path";
import type { AgentOrders, AgentView } from "../../../agent/agent.js";
import { holdingRule } from "../../../agent/guard/guard.js";
import { KeyIsFixed } from "../../../agent/keyring/device-keys.js";
import { systemBanClock } from "../../../agent/runtime/clock.js";
import type { SensorView } from "../../../agent/sensors/sensor-view.js";
import { ModeSwitch } from "../../../agent/walks/operator/mode-switch.js";
import { OperatorOrders } from "../../../agent/walks/operator/operator-orders.js";
import { NO_DRIFT } from "../../../agent/walks/reconcile/drift-control.js";
import { VerdictWatch } from "../../../agent/walks/telemetry/verdict-watch.js";
import { askAgent, orderAgent } from "../../../service/control/client.js";
import { startControlServer } from "../../../service/control/server.js";
import { identityFor } from "../cloud/fake-cloud.js";
import { facts, policy, TestHost, type HostOptions } from "./agent-fixtures.js";

/** A host of a test, and its control socket. */
export class Control implements AsyncDisposable {
  private constructor(
    readonly host: TestHost,
    readonly path: string,
    readonly server: AsyncDisposable,
  ) {}

  static async start(at?: string, options?: HostOptions): Promise<Control> {
    const host = new TestHost(options);
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

function listen(host: TestHost, socketPath: string): Promise<AsyncDisposable> {
  const { ledger, enforcer, status, receipts, events } = host;
  const enforce = () => host.enforcement.enforce();
  const clock = systemBanClock;
  const mode = new ModeSwitch({ ledger, receipts, events, clock, enforce });
  const word = new OperatorOrders({
    ...{ mode, ledger, clock, events, enforce },
    protection: { renew: () => Promise.resolve() },
    guardedBy: (cidr) => holdingRule(cidr, facts, policy),
    reviewAgain: () => Promise.resolve(),
    confirm: (range) => host.confirm(range),
    tell: (code, what) => {
      host.log.info(`${code} ${what}`);
    },
  });
  const verdicts = new VerdictWatch({
    ...{ ledger, enforcer, events, clock, safeMode: false },
    unproven: () => undefined,
  });
  const agent: AgentView & AgentOrders = {
    ledger,
    enforcer,
    identity: identityFor("https://cloud.example"),
    link: status,
    telemetry: { view: () => undefined },
    cut: undefined,
    drift: { view: NO_DRIFT },
    verdict: () => verdicts.look(),
    proof: () => undefined,
    uncovered: () => [],
    safeMode: false,
    storage: () => ({ state: "ok", untilRestart: [] }),
    trust: host.trust,
    facts: () => facts,
    hits: () => enforcer.hits(),
    orders: word,
    rekeying: { rekey: () => Promise.reject(new KeyIsFixed()) },
    contacts: () => ({ latest: [], forgotten: 0, lost: 0 }),
    trials: () => [],
    sensors: () => [SENSOR],
    guardedBy: (cidr) => holdingRule(cidr, facts, policy),
  };
  return startControlServer({
    socketPath,
    agent,
    clock: systemBanClock,
    version: "1.2.3",
  });
}
