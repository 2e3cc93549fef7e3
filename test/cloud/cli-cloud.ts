import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/cloud/cloud.js";
import { runHere } from "./cli/operator.js";
import { freePort, serve } from "./process.js";

/**
 * A cloud that its own command line founded, and serves in a process of its own;
 * gone when disposed.
 */
export class CliCloud implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly #listen: string;
  #serving: AsyncDisposable | undefined;
  /** What `init` said. */
  founded = { code: -1, out: "", err: "" };

  private constructor(port: number) {
    this.#listen = `127.0.0.1:${port}`;
  }

  /** With these settings in place of its own, if any, and founded with `more`. */
  static async start(
    settings?: object,
    ...more: readonly string[]
  ): Promise<CliCloud> {
    const cloud = new CliCloud(await freePort());
    cloud.founded = await cloud.run(
      ...["init", "--listen", cloud.#listen],
      ...more,
    );
    if (settings !== undefined) cloud.#set(settings);
    await cloud.serve();
    return cloud;
  }

  get dir(): string {
    return this.path("cloud");
  }

  get url(): string {
    return `http://${this.#listen}`;
  }

  /** Of a file that lies beside the cloud's folder. */
  path(name: string): string {
    return join(this.#folder.path, name);
  }

  /** Carries a command out on it; in this process, as each would take longer to start. */
  readonly run = (...args: string[]) => runHere(...args, "--dir", this.dir);

  /** Starts it, at first or again. */
  async serve(): Promise<void> {
    this.#serving = await serve(this.dir);
  }

  async stop(): Promise<void> {
    await this.#serving?.[Symbol.asyncDispose]();
    this.#serving = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }

  #set(settings: object): void {
    const file = join(this.dir, "cloud.json");
    const written = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...written, ...settings }));
  }
}
