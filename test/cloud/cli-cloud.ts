import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../support/cloud/cloud.js";
import { command, freePort, serve } from "./process.js";

/** A cloud that its own command line founded and serves, gone when disposed. */
export class CliCloud implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly #listen: string;
  #serving: AsyncDisposable | undefined;
  /** What `init` said. */
  founded = { code: -1, out: "", err: "" };

  private constructor(port: number) {
    this.#listen = `127.0.0.1:${port}`;
  }

  /** With these settings in place of its own, if any. */
  static async start(settings?: object): Promise<CliCloud> {
    const cloud = new CliCloud(await freePort());
    cloud.founded = await cloud.run("init", "--listen", cloud.#listen);
    if (settings !== undefined) cloud.#set(settings);
    cloud.#serving = await serve(cloud.dir);
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

  /** Carries a command out on it. */
  readonly run = (...args: string[]) => command(...args, "--dir", this.dir);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#serving?.[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }

  #set(settings: object): void {
    const file = join(this.dir, "cloud.json");
    const written = JSON.parse(readFileSync(file, "utf8")) as object;
    writeFileSync(file, JSON.stringify({ ...written, ...settings }));
  }
}
