import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { askAgent, orderAgent } from "../../../service/control/client.js";
import type { StatusView } from "../../../service/control/status-view.js";
import { TestFolder } from "../folder.js";
import { until } from "../time/clock.js";

/** A host that only pretends to enforce, and the program on it. */
export class HostProcess implements Disposable {
  readonly folder = new TestFolder();
  readonly socket = join(this.folder.path, "control.sock");
  readonly stateDir = join(this.folder.path, "state");
  readonly config: string;

  constructor(config?: string) {
    const pretending = [
      `stateDir: ${this.stateDir}`,
      `controlSocket: ${this.socket}`,
      "enforce: { backend: dry-run }",
    ].join("\n");
    this.config = this.folder.file("config.yaml", config ?? pretending);
  }

  tourniquet(...argv: readonly string[]): Promise<Told> {
    return tourniquet(["--config", this.config, ...argv]);
  }

  /** As `tourniquet`, where a service manager has set this. */
  with(
    env: Readonly<Record<string, string>>,
    ...argv: readonly string[]
  ): Promise<Told> {
    return tourniquet(["--config", this.config, ...argv], env);
  }

  /** Orders something of the running agent; resolves however that ends. */
  order(path: string): Promise<unknown> {
    return orderAgent(this.socket, path, {}).catch((error: unknown) => error);
  }

  /** Returns once the running agent answers, and this is so of it. */
  async stands(
    isSo: (status: StatusView) => boolean = () => true,
  ): Promise<void> {
    // A command for each look would take the core that the agent starts on.
    const status = () =>
      askAgent(this.socket, "/v1/status").catch(() => undefined);
    await until(
      "the agent stands so",
      async () => {
        const told = (await status()) as StatusView | undefined;
        return told !== undefined && isSo(told);
      },
      30_000,
    );
  }

  /** Returns once the running agent is connected to its cloud. */
  connected(): Promise<void> {
    return this.stands(({ cloud }) => cloud.at === "up");
  }

  /** Starts the agent; SIGTERM when disposed, SIGHUP by `hangUp`. */
  run(
    env: Readonly<Record<string, string>> = {},
  ): AsyncDisposable & { hangUp(): void; kill(): Promise<unknown> } {
    const argv = [MAIN, "--config", this.config, "run"];
    const options = {
      env: { ...process.env, ...env },
      stdio: "ignore",
    } as const;
    const child = spawn(process.execPath, argv, options);
    const ended = once(child, "exit");
    return {
      hangUp: () => void child.kill("SIGHUP"),
      kill: () => {
        child.kill("SIGKILL");
        return ended;
      },
      [Symbol.asyncDispose]: async () => {
        child.kill("SIGTERM");
        await ended;
      },
    };
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}

/** What a run of the program came to. */
export interface Told {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export const MAIN = new URL("../../../service/main.js", import.meta.url)
  .pathname;

export function tourniquet(
  argv: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const env = { ...process.env, ...more };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [MAIN, ...argv],
      { env },
      (_e, stdout, stderr) =>
        resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}
