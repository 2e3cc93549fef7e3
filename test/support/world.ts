import * as v from "valibot";
import { Receipt } from "../../agent/protocol/documents.js";
import { textBytes } from "../../agent/protocol/signed-text.js";
import { publicKey } from "../../agent/trust/keys.js";
import { TestHost, type HostOptions } from "./agent-fixtures.js";
import { until } from "./clock.js";
import { FakeCloud, type FakeLink } from "./fake-cloud.js";
import { keys } from "./vectors.js";

/** A host that follows a scripted cloud. */
export class World implements AsyncDisposable {
  private constructor(
    readonly cloud: FakeCloud,
    readonly host: TestHost,
  ) {}

  static async open(options: HostOptions = {}): Promise<World> {
    const cloud = await FakeCloud.start();
    const host = new TestHost(options);
    host.connect(cloud.url);
    return new World(cloud, host);
  }

  async logged(line: string): Promise<void> {
    await until(line, () => this.host.log.lines.includes(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    await this.cloud[Symbol.asyncDispose]();
  }
}

/** The agent's next message: a receipt that its device key signed. */
export async function receiptOn(link: FakeLink): Promise<Receipt> {
  const { signed, signature } = await link.next("receipt");
  const device = publicKey(keys.device.publicKey);
  const bytes = Buffer.from(signature, "base64url");
  if (!device.verify(textBytes("receipt", signed), bytes)) {
    throw new Error("nobody can believe this receipt");
  }
  return v.parse(Receipt, JSON.parse(signed));
}
