import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { sh } from "../lab/namespace.js";
import { start, until, type Running } from "../lab/run.js";
import { HERE } from "./network.js";

/** The vendor's cloud, outside of the machine: real, and reached over TLS. */
export class Vendor implements AsyncDisposable {
  readonly url = `https://${HERE}:8443`;
  readonly #folder: string;
  readonly #program: string;
  #running: Running | undefined;

  private constructor(folder: string, tree: string) {
    this.#folder = folder;
    this.#program = join(tree, "cloud/tourniquet-cloud");
  }

  static async found(folder: string, tree: string): Promise<Vendor> {
    const vendor = new Vendor(folder, tree);
    // A certificate that is its own authority, for the cloud's address.
    await sh(`openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
      -nodes -days 2 -subj "/CN=lab cloud" -addext "subjectAltName=IP:${HERE}" \
      -keyout ${folder}/cloud.key -out ${vendor.authority} 2>/dev/null`);
    await vendor.order(
      ...["init", "--name", "lab"],
      ...["--listen", `${HERE}:8443`, "--public-url", vendor.url],
    );
    return vendor;
  }

  get authority(): string {
    return join(this.#folder, "cloud.pem");
  }

  async open(): Promise<void> {
    this.#running = start({
      command: [
        ...[this.#program, "serve", "--dir", join(this.#folder, "cloud")],
        ...["--tls-cert", this.authority],
        ...["--tls-key", join(this.#folder, "cloud.key")],
      ],
      log: join(this.#folder, "cloud.log"),
    });
    await until("the cloud answers", () => this.order("org", "list"));
  }

  async close(): Promise<void> {
    this.#running?.kill("SIGTERM");
    await this.#running?.ended;
    this.#running = undefined;
  }

  /** Speaks as the operator does, and returns what is printed. */
  async order(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)(this.#program, args, {
      env: {
        ...process.env,
        TOURNIQUET_CLOUD_DIR: join(this.#folder, "cloud"),
        NODE_EXTRA_CA_CERTS: this.authority,
      },
    });
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
