import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { StatusView } from "../../service/views.js";
import { output, start, until, type Running } from "./run.js";

/**
 * A vendor and its customers' hosts on one machine, as real processes: for the
 * demo, the benchmarks, and the tests that kill what they test.
 */
export class Lab implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tourniquet-lab-"));
  readonly #running: Running[] = [];

  /** Makes a cloud and starts it; `host` is where agents reach it. */
  async startCloud({ port }: CloudOptions): Promise<LabCloud> {
    const dir = join(this.folder, "cloud");
    const listen = `127.0.0.1:${port}`;
    await output([
      CLOUD,
      "init",
      "--dir",
      dir,
      "--name",
      "lab",
      "--listen",
      listen,
    ]);
    const cloud = new LabCloud(dir, `http://${listen}`);
    await this.serve(cloud);
    await cloud.api("POST", "/v1/orgs", { id: "acme", name: "Acme" });
    return cloud;
  }

  /** Starts a cloud again that was stopped. */
  async serve(cloud: LabCloud): Promise<void> {
    const running = start({
      command: [CLOUD, "serve", "--dir", cloud.dir],
      log: join(this.folder, "cloud.log"),
    });
    this.#running.push(running);
    cloud.process = running;
    await until("the cloud answers", async () => cloud.api("GET", "/v1/orgs"));
  }

  /** Enrols a host and starts its agent. */
  async startHost(cloud: LabCloud, name: string): Promise<LabHost> {
    const folder = join(this.folder, name);
    mkdirSync(folder);
    const host = new LabHost(folder);
    writeFileSync(
      host.config,
      `stateDir: ${join(folder, "state")}\ncontrolSocket: ${host.socket}\n`,
    );
    const token = await cloud.api<{ token: string }>("POST", "/v1/tokens", {
      org: "acme",
    });
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, token.token, { mode: 0o600 });
    await output([
      AGENT,
      "-c",
      host.config,
      "enrol",
      "--token-file",
      tokenFile,
    ]);
    rmSync(tokenFile);
    await this.startAgent(host);
    return host;
  }

  /** Starts the agent of a host; it may have been killed before. */
  async startAgent(host: LabHost): Promise<void> {
    const running = start({
      command: [AGENT, "-c", host.config, "run"],
      log: host.log,
    });
    this.#running.push(running);
    host.process = running;
    await until("the agent answers", () => host.status());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#running) each.kill("SIGTERM");
    const late = setTimeout(
      () => this.#running.forEach((each) => each.kill("SIGKILL")),
      5_000,
    );
    await Promise.all(this.#running.map(({ ended }) => ended));
    clearTimeout(late);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface CloudOptions {
  readonly port: number;
}

/** A cloud that runs in the lab. */
export class LabCloud {
  process: Running | undefined;

  constructor(
    readonly dir: string,
    readonly url: string,
  ) {}

  /** Speaks to the operators' API. */
  async api<T>(method: string, path: string, body?: unknown): Promise<T> {
    const token = readFileSync(join(this.dir, "operator.token"), "utf8").trim();
    const text = typeof body === "string" ? body : JSON.stringify(body ?? {});
    const answer = await ask(new URL(path, this.url), {
      method,
      token,
      ...(method === "GET" ? {} : { body: text }),
    });
    return JSON.parse(answer) as T;
  }
}

/** A customer's host that runs in the lab. */
export class LabHost {
  process: Running | undefined;

  constructor(readonly folder: string) {}

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

interface Asking {
  readonly method: string;
  readonly token?: string;
  readonly body?: string;
  readonly socketPath?: string;
}

function ask(url: URL, asking: Asking): Promise<string> {
  const { method, token, body, socketPath } = asking;
  return new Promise((resolve, reject) => {
    const asked = httpRequest(url, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
      },
      ...(socketPath === undefined ? {} : { socketPath }),
    });
    asked.on("error", reject);
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        if (status < 300) resolve(text);
        else
          reject(
            new Error(`${method} ${url.pathname}: HTTP ${status} ${text}`),
          );
      });
    });
    asked.end(body);
  });
}

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const CLOUD = join(root, "cloud/tourniquet-cloud");
const AGENT = join(root, "service/tourniquet");
