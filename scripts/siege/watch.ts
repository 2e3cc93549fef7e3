import { readFileSync, statfsSync } from "node:fs";
import { request } from "node:https";
import { get } from "node:http";
import { execFileSync } from "node:child_process";
import type { Stage } from "./stage.js";

/** The worst that was seen of each process while it was looked at. */
export interface Seen {
  readonly agentMb: number;
  readonly cloudMb: number;
  readonly hostDiskMb: number;
  readonly cloudDiskMb: number;
  readonly agentSilenceMs: number;
  readonly cloudSilenceMs: number;
}

/** Looks at memory, disk and answers until disposed. */
export class Watch {
  readonly #stage: Stage;
  readonly #worst: { -readonly [K in keyof Seen]: number } = {
    ...{ agentMb: 0, cloudMb: 0, hostDiskMb: 0, cloudDiskMb: 0 },
    ...{ agentSilenceMs: 0, cloudSilenceMs: 0 },
  };
  readonly #loops: readonly Promise<void>[];
  #stopped = false;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#loops = [
      this.#again(LOOK_MS, () => this.#weigh()),
      this.#again(LOOK_MS, () => this.#time("agentSilenceMs", askAgent)),
      this.#again(LOOK_MS, () => this.#time("cloudSilenceMs", askCloud)),
      this.#again(DISK_MS, () => this.#measureDisks()),
    ];
  }

  /** Ends, and says what the worst was. */
  async stop(): Promise<Seen> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    return { ...this.#worst };
  }

  async #again(everyMs: number, look: () => unknown): Promise<void> {
    while (!this.#stopped) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  #note(what: keyof Seen, value: number): void {
    this.#worst[what] = Math.max(this.#worst[what], value);
  }

  #weigh(): void {
    const { host, honestCloud } = this.#stage;
    this.#note("agentMb", peakMb(host.process?.pid));
    this.#note("cloudMb", peakMb(honestCloud?.process?.pid));
  }

  #measureDisks(): void {
    const { lab, honestCloud } = this.#stage;
    this.#note("hostDiskMb", folderMb(`${lab.folder}/host/state`));
    if (honestCloud) this.#note("cloudDiskMb", folderMb(honestCloud.dir));
  }

  /** How long an answer takes that needs no work: what the event loop was silent. */
  async #time(
    what: "agentSilenceMs" | "cloudSilenceMs",
    ask: (stage: Stage) => Promise<void>,
  ): Promise<void> {
    const start = performance.now();
    await ask(this.#stage);
    this.#note(what, performance.now() - start);
  }
}

const LOOK_MS = 200;
const DISK_MS = 1_000;

/** No answer at all counts as one that took this long. */
const PATIENCE_MS = 30_000;

/** What does not exist is answered at once. */
function askAgent({ host }: Stage): Promise<void> {
  return answered((done) =>
    get({ socketPath: host.socket, path: "/nothing" }, done),
  );
}

/** Over the operators' own door where the cloud has one. */
function askCloud({ honestCloud: cloud }: Stage): Promise<void> {
  if (cloud === undefined) return Promise.resolve();
  const ca = cloud.certificate && readFileSync(cloud.certificate.cert);
  const url = new URL("/healthz", cloud.url);
  return answered((done) =>
    request(url, { ...(ca === undefined ? {} : { ca }) }, done).end(),
  );
}

type Asked = ReturnType<typeof get>;

function answered(
  ask: (done: (response: { resume(): void }) => void) => Asked,
): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, PATIENCE_MS);
    const settle = () => {
      clearTimeout(late);
      resolve();
    };
    const asked = ask((response) => {
      response.resume();
      settle();
    });
    asked.on("error", settle);
  });
}

/** The most that a process ever had, in MB; 0 when it is gone. */
function peakMb(pid: number | undefined): number {
  try {
    const text = readFileSync(`/proc/${pid ?? 0}/status`, "utf8");
    const kilobytes = /VmHWM:\s+(\d+) kB/.exec(text)?.[1] ?? 0;
    return (Number(kilobytes) * 1024) / 1e6;
  } catch {
    return 0;
  }
}

function folderMb(folder: string): number {
  try {
    statfsSync(folder);
    const said = execFileSync("du", ["-sk", folder], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    return (Number.parseInt(said, 10) * 1024) / 1e6;
  } catch {
    return 0; // a file went while it was measured
  }
}
