import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EnrolmentAnswer } from "../../agent/protocol/enrolment.js";
import { parseJson } from "../../agent/protocol/shapes.js";
import { generateKey } from "../../agent/trust/keys.js";
import type { StatusView } from "../../service/control/status-view.js";
import type { Enrolled } from "../../test/support/cloud/cloud.js";
import {
  enrolmentOf,
  type EnrollingHost,
} from "../../test/support/cloud/enrolling.js";
import { ask } from "./ask.js";
import { THIS_BUILD, type Build } from "./build.js";
import { makeCertificate, type Certificate } from "./certificate.js";
import { openQuota, type Quota } from "./quota.js";
import { output, start, until, type Running } from "./run.js";
import { nodeAsIn } from "./unit.js";

/** The first admin gives all orders of a lab; earlier builds know no other way. */
const ALONE = {
  twoPersons: { enabled: false },
  /** What is large is every host's at once: a lab has few. */
  rollout: { enabled: false },
};

/**
 * A vendor and its customers' hosts on one machine, as real processes: for the
 * demo, the benchmarks, and the tests that kill what they test.
 */
export class Lab implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tourniquet-lab-"));
  readonly #running: Running[] = [];
  readonly #quotas: Quota[] = [];

  /** Makes a cloud and starts it; beyond loopback it speaks TLS. */
  async startCloud(options: CloudOptions): Promise<LabCloud> {
    const { port, address = "127.0.0.1", also = [], settings = {} } = options;
    const { build = THIS_BUILD, init = [] } = options;
    const dir = join(this.folder, "cloud");
    const listen = `${address}:${port}`;
    const { named, encrypted = address !== "127.0.0.1" } = options;
    const scheme = encrypted ? "https" : "http";
    const url = `${scheme}://${listen}`;
    const publicUrl =
      named === undefined ? url : `${scheme}://${named}:${port}`;
    const as = ["--name", "lab", "--listen", listen, "--public-url", publicUrl];
    await output([build.cloud, "init", "--dir", dir, ...as, ...init]);
    const file = join(dir, "cloud.json");
    const written = JSON.parse(readFileSync(file, "utf8")) as object;
    const own = build === THIS_BUILD ? ALONE : {};
    const all = { ...written, ...own, ...settings };
    writeFileSync(file, JSON.stringify(all));
    const names = named === undefined ? also : [...also, named];
    const certificate = encrypted
      ? await makeCertificate(this.folder, address, names)
      : undefined;
    const cloud = new LabCloud(dir, url, certificate, build);
    await this.serve(cloud);
    await cloud.addOrg("acme", "Acme");
    return cloud;
  }

  /** Starts a cloud again that was stopped; its build may be another by now. */
  async serve(cloud: LabCloud): Promise<void> {
    const { dir, certificate, build } = cloud;
    const tls = certificate
      ? ["--tls-cert", certificate.cert, "--tls-key", certificate.key]
      : [];
    const running = start({
      command: [build.cloud, "serve", "--dir", dir, ...tls],
      log: join(this.folder, "cloud.log"),
    });
    this.#running.push(running);
    cloud.process = running;
    await until("the cloud answers", () => cloud.isThere());
  }

  /** Enrols a host and starts its agent. */
  async startHost(
    cloud: LabCloud,
    name: string,
    options: HostOptions = {},
  ): Promise<LabHost> {
    const folder = join(this.folder, name);
    mkdirSync(folder, { recursive: true });
    const host = new LabHost(folder, options.netns, options.build);
    host.isYielding = options.isYielding ?? false;
    const authority = cloud.certificate?.cert;
    const config = {
      stateDir: join(folder, "state"),
      controlSocket: host.socket,
      ...(authority === undefined ? {} : { cloud: { caFile: authority } }),
      guard: BANS_EVERYTHING,
      ...options.config,
    };
    writeFileSync(host.config, JSON.stringify(config)); // JSON is YAML as well
    const tokenFile = join(folder, "token");
    const token = await cloud.token(options.org ?? "acme");
    writeFileSync(tokenFile, token, { mode: 0o600 });
    await output(host.command("enrol", "--token-file", tokenFile));
    rmSync(tokenFile);
    await this.startAgent(host);
    return host;
  }

  /**
   * Starts the agent of a host as its unit does, flags, environment and quota
   * included; it may have been killed before.
   */
  async startAgent(host: LabHost): Promise<void> {
    const { quotaPercent, environment } = host.build.unit;
    const command = host.installed("run");
    const running = start({ command, environment, log: host.log });
    this.#running.push(running);
    host.process = running;
    this.#hold(host, running.pid, quotaPercent);
    await until("the agent answers", () => host.status());
  }

  #hold(host: LabHost, pid: number, percent: number | undefined): void {
    if (percent === undefined) return;
    const quota = openQuota(percent, host.isYielding);
    if (quota === undefined) return;
    quota.hold(pid);
    this.#quotas.push(quota);
  }

  /** A host with a copy of another's state, its device key included. */
  copyHost(of: LabHost, name: string): LabHost {
    const folder = join(this.folder, name);
    cpSync(join(of.folder, "state"), join(folder, "state"), {
      recursive: true,
    });
    const host = new LabHost(folder, of.netns, of.build);
    const config = JSON.parse(readFileSync(of.config, "utf8")) as object;
    const own = { stateDir: join(folder, "state"), controlSocket: host.socket };
    writeFileSync(host.config, JSON.stringify({ ...config, ...own }));
    return host;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#running) each.kill("SIGTERM");
    const late = setTimeout(
      () => this.#running.forEach((each) => each.kill("SIGKILL")),
      5_000,
    );
    await Promise.all(this.#running.map(({ ended }) => ended));
    clearTimeout(late);
    for (const each of this.#quotas) each[Symbol.dispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface CloudOptions {
  readonly port: number;
  /** Where agents reach it; loopback unless said otherwise. */
  readonly address?: string;
  /** What browsers call it, where that is not its address. */
  readonly named?: string;
  /** Whether it speaks TLS; beyond loopback it has to. */
  readonly encrypted?: boolean;
  /** Other addresses that its certificate names. */
  readonly also?: readonly string[];
  /** Added to what `init` wrote into cloud.json. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** What it is a process of; this checkout unless given. */
  readonly build?: Build;
  /** Added to the arguments of `init`. */
  readonly init?: readonly string[];
}

export interface HostOptions {
  /** Process whose network namespace the agent runs in; ours unless given. */
  readonly netns?: number;
  /** Whose it is; Acme's unless given. */
  readonly org?: string;
  /** Its agent takes what others leave of the processor, as if theirs were another's. */
  readonly isYielding?: boolean;
  /** Added to the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What its agent is a process of; this checkout unless given. */
  readonly build?: Build;
}

/** A cloud that runs in the lab. */
export class LabCloud {
  process: Running | undefined;

  constructor(
    readonly dir: string,
    readonly url: string,
    readonly certificate: Certificate | undefined,
    public build: Build = THIS_BUILD,
  ) {}

  async isThere(): Promise<true> {
    await this.api("GET", `${this.build.api}/orgs`);
    return true;
  }

  async addOrg(id: string, name: string): Promise<void> {
    await this.api("POST", `${this.build.api}/orgs`, { id, name });
  }

  /** By which one host of the org comes in. */
  async token(org: string): Promise<string> {
    const { api } = this.build;
    const path = api === "/v1" ? "/v1/tokens" : `${api}/enrolment-tokens`;
    return (await this.api<{ token: string }>("POST", path, { org })).token;
  }

  /** Lets a host of the org in, as its installer does. */
  async enrol(org: string, host: Partial<EnrollingHost>): Promise<Enrolled> {
    const key = generateKey();
    const request = enrolmentOf(await this.token(org), key, host);
    const answer = await this.#ask("POST", "/v1/enrol", {
      body: JSON.stringify(request),
    });
    const { agent, cloud } = parseJson(EnrolmentAnswer, answer, "answer");
    return { agent, org, cloud, key };
  }

  /** What the API lists by that name, at most a thousand. */
  async list<T>(name: string, asked: object = {}): Promise<readonly T[]> {
    const { api } = this.build;
    type Lists = Readonly<Record<string, readonly T[]>>;
    const query = new URLSearchParams({ limit: "1000", ...asked });
    const said = await this.api<Lists>(
      "GET",
      `${api}/${name}?${query.toString()}`,
    );
    return said[api === "/v1" ? name : "items"] ?? [];
  }

  /** Speaks to the operators' API, as its first admin unless told otherwise. */
  async api<T>(
    method: string,
    path: string,
    body?: unknown,
    token = readFileSync(join(this.dir, "operator.token"), "utf8").trim(),
  ): Promise<T> {
    const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
    const sent = method === "GET" ? {} : { body: text };
    return JSON.parse(await this.#ask(method, path, { token, ...sent })) as T;
  }

  /** PEM of the authority of its certificate; undefined where it has none. */
  get ca(): string | undefined {
    return this.certificate && readFileSync(this.certificate.cert, "utf8");
  }

  #ask(method: string, path: string, more: object): Promise<string> {
    const { ca } = this;
    const trusting = ca === undefined ? {} : { ca };
    return ask(new URL(path, this.url), { method, ...trusting, ...more });
  }
}

/** A customer's host that runs in the lab. */
export class LabHost {
  process: Running | undefined;
  isYielding = false;

  constructor(
    readonly folder: string,
    readonly netns: number | undefined,
    public build: Build = THIS_BUILD,
  ) {}

  /** `tourniquet ARGS` on this host, as a person types it. */
  command(...args: readonly string[]): readonly string[] {
    return [...this.#enter, this.build.agent, "-c", this.config, ...args];
  }

  /** The same, as the unit starts it. */
  installed(...args: readonly string[]): readonly string[] {
    const started = nodeAsIn(this.build.unit, this.build.root);
    return [...this.#enter, ...started, "-c", this.config, ...args];
  }

  get #enter(): readonly string[] {
    return this.netns === undefined
      ? []
      : ["nsenter", "--target", String(this.netns), "--net", "--"];
  }

  get config(): string {
    return join(this.folder, "config.yaml");
  }

  get socket(): string {
    return join(this.folder, "control.sock");
  }

  get log(): string {
    return join(this.folder, "agent.log");
  }

  async status(): Promise<StatusView> {
    return this.ask<StatusView>("/v1/status");
  }

  /** Asks the agent over its control socket. */
  async ask<T>(path: string): Promise<T> {
    const url = new URL(path, "http://control");
    const text = await ask(url, { method: "GET", socketPath: this.socket });
    return JSON.parse(text) as T;
  }

  /** A field of /proc/PID/status, in bytes. */
  memory(field: "VmRSS" | "VmHWM"): number {
    const text = readFileSync(`/proc/${this.process?.pid ?? 0}/status`, "utf8");
    const kilobytes = new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1];
    return Number(kilobytes) * 1024;
  }
}

/** Labs ban each other's private addresses, and lists as they come, for good. */
const BANS_EVERYTHING = {
  private: "allow-bans",
  limits: { share: 1, burst: 10_000_000, entries: 10_000_000 },
  unapproved: { ipv4: 12, ipv6: 29 },
  trial: { entries: 10_000_000, ipv4: 1, ipv6: 1 },
  tiers: { publicResolvers: false, cdnEdges: false, tenantClouds: false },
};
