import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import type { StatusView } from "../../service/control/status-view.js";
import { Lab, type LabCloud, type LabHost } from "../lab/lab.js";
import { Namespace, sh } from "../lab/namespace.js";
import { serve } from "../lab/prober.js";
import { output, until } from "../lab/run.js";
import type { Pair } from "./pair.js";

/** Documentation and benchmark ranges (RFC 5737, 2544). */
export const AT = {
  host: "198.51.100.2",
  router: "198.51.100.1",
  /** All of it is outside, and calls the host. */
  strangers: "198.18.0.0/15",
} as const;

/**
 * A cloud of one build, a host of another that enforces in this namespace, and
 * somebody outside of it who sends packets.
 */
export class Stage implements AsyncDisposable {
  readonly pair: Pair;
  readonly lab: Lab;
  readonly cloud: LabCloud;
  readonly host: LabHost;
  readonly outside: Namespace;
  /** What the host's sensor reads. */
  readonly authLog: string;
  readonly #opened: Lifetime;

  private constructor(parts: Parts) {
    this.pair = parts.pair;
    this.lab = parts.lab;
    this.cloud = parts.cloud;
    this.host = parts.host;
    this.outside = parts.outside;
    this.authLog = parts.authLog;
    this.#opened = parts.opened;
  }

  static async open(pair: Pair): Promise<Stage> {
    await using opened = new Lifetime();
    const outside = opened.own(await joined());
    opened.own(await serve(PORT));
    opened.own(await serve(SSH));
    const lab = opened.own(new Lab());
    const authLog = join(lab.folder, "auth.log");
    writeFileSync(authLog, "");
    const cloud = await lab.startCloud({
      port: CLOUD_PORT,
      build: pair.cloud,
      init: pair.init,
      settings: { heartbeatMs: 2_000 },
    });
    const host = await lab.startHost(cloud, "host", {
      build: pair.agent,
      config: {
        guard: GUARD,
        sensors: { sshd: { source: { file: authLog } } },
      },
    });
    const parts = { pair, lab, cloud, host, outside, authLog };
    return new Stage({ ...parts, opened: opened.release() });
  }

  /** What an operator orders at the cloud's command line. */
  order(...args: readonly string[]): Promise<string> {
    const { build, dir } = this.cloud;
    return output([build.cloud, ...args, "--dir", dir]);
  }

  /** What the host's operator says at its command line. */
  say(...args: readonly string[]): Promise<string> {
    return output(this.host.command(...args));
  }

  /** Bans by the API, in the fields that all versions have. */
  async ban(ranges: readonly string[], more: object = {}): Promise<Made> {
    const order = { ranges, for: "1h", reason: "interop", ...more };
    return this.cloud.api<Made>("POST", `${this.cloud.build.api}/bans`, order);
  }

  async lift(ranges: readonly string[], more: object = {}): Promise<Made> {
    return this.cloud.api<Made>("POST", `${this.cloud.build.api}/lifts`, {
      ranges,
      ...more,
    });
  }

  /** Whether the kernel drops what comes from an address outside. */
  async drops(from: string): Promise<boolean> {
    const attempt = { protocol: "tcp", from, to: AT.host, port: PORT } as const;
    return !(await this.outside.reaches(attempt));
  }

  async untilDropped(from: string, dropped = true, mostMs = 20_000) {
    const what = `${from} is ${dropped ? "dropped" : "answered"}`;
    await until(
      what,
      async () => ((await this.drops(from)) === dropped ? true : undefined),
      mostMs,
    );
  }

  /** Waits for the receipt of a position, as the cloud shows it. */
  receiptOf({ feed, epoch, offset }: Made, mostMs?: number): Promise<Shown> {
    return this.receiptThat({ feed, epoch, offset }, () => true, mostMs);
  }

  receiptThat(
    { feed, epoch, offset }: Made,
    fits: (receipt: Shown) => boolean,
    mostMs?: number,
  ): Promise<Shown> {
    const place = { feed, epoch, offset: String(offset) };
    return until(
      `the receipt of ${feed} ${offset} is shown`,
      async () => {
        const receipts = await this.cloud.list<{ readonly receipt: Shown }>(
          ...(["receipts", place] as const),
        );
        return receipts.map(({ receipt }) => receipt).find(fits);
      },
      mostMs,
    );
  }

  /** Waits until the host stands where the cloud does. */
  async caughtUp(mostMs = 40_000): Promise<StatusView> {
    const feeds = await this.feeds();
    return until(
      "the host has caught up",
      async () => {
        const status = await this.host.status();
        const behind = feeds.some(({ feed, epoch, offset }) => {
          const at = status.feeds.find((each) => each.feed === feed);
          return offset > 0 && (at?.offset !== offset || at.epoch !== epoch);
        });
        return status.enforcing && !behind ? status : undefined;
      },
      mostMs,
    );
  }

  async feeds(): Promise<readonly Standing[]> {
    return this.cloud.list("feeds");
  }

  /** The host's agent as the cloud's operators see it. */
  async agent(): Promise<AgentShown> {
    const [agent] = await this.cloud.list<AgentShown>("agents");
    if (agent === undefined) throw new Error("the cloud knows no agent");
    return agent;
  }

  async untilConnected(connected = true, mostMs = 40_000): Promise<void> {
    await until(
      connected ? "the agent is connected" : "the agent is gone",
      async () =>
        isConnected(await this.agent()) === connected ? true : undefined,
      mostMs,
    );
  }

  async stopAgent(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.host.process?.kill(signal);
    await this.host.process?.ended;
  }

  async stopCloud(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    this.cloud.process?.kill(signal);
    await this.cloud.process?.ended;
  }

  /**
   * Failed logins of an address, as sshd writes them; the kernel sees that it
   * called the service, without which no file is believed.
   */
  async failLogins(address: string): Promise<void> {
    const service = { protocol: "tcp", to: AT.host, port: SSH } as const;
    await this.outside.reaches({ ...service, from: address });
    const date = new Date().toISOString();
    for (let i = 0; i < FAILURES; i++) {
      appendFileSync(
        this.authLog,
        `${date} host sshd[${100 + i}]: Failed password for root from ${address} port ${40_000 + i} ssh2\n`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await output(this.host.command("clean-up")).catch(() => undefined);
    await this.#opened[Symbol.asyncDispose]();
  }
}

/** Where a feed stands after an order. */
export interface Made {
  readonly feed: string;
  readonly epoch: string;
  readonly offset: number;
}

/** A receipt as both versions show it. */
export interface Shown {
  readonly agent: string;
  readonly mode: "enforce" | "observe";
  readonly banned: number;
  readonly observed: number;
  readonly lifted: number;
  readonly heldTotal: number;
  readonly held: readonly { readonly range: string; readonly rule: string }[];
}

export interface Standing extends Made {
  readonly bans: number;
}

export interface AgentShown {
  readonly id: string;
  /** Of clouds before 0.5.0. */
  readonly connected?: boolean;
  readonly state?: "online" | "offline" | "revoked";
  readonly report: {
    readonly vitals: object | null;
    readonly health: readonly { readonly code: string }[];
  } | null;
}

const isConnected = ({ connected, state }: AgentShown): boolean =>
  connected ?? state === "online";

interface Parts extends Pick<
  Stage,
  "pair" | "lab" | "cloud" | "host" | "outside" | "authLog"
> {
  readonly opened: Lifetime;
}

async function joined(): Promise<Namespace> {
  const outside = await Namespace.linked(
    { here: [`${AT.host}/24`], there: [`${AT.router}/24`] },
    PORT,
  );
  await outside.sh(`ip route add local ${AT.strangers} dev lo`);
  await sh(`ip route add ${AT.strangers} via ${AT.router}`);
  return outside;
}

const PORT = 7_000;
const SSH = 22;
const CLOUD_PORT = 8_445;

/** One more than sensors let pass. */
const FAILURES = 6;

/** What is tried stays in force at once; the rest is as it comes. */
const GUARD = {
  private: "allow-bans",
  limits: { share: 1, burst: 10_000_000, entries: 10_000_000 },
  trial: { entries: 10_000_000, ipv4: 1, ipv6: 1 },
};
