import { once } from "node:events";
import * as v from "valibot";
import { Receipt } from "../../../agent/protocol/documents.js";
import {
  textBytes,
  type ProtocolVersion,
} from "../../../agent/protocol/signed-text.js";
import { publicKey } from "../../../agent/trust/keys.js";
import type { CloudLink } from "../../../agent/walks/follow/cloud-link.js";
import { FakeCloud, type FakeLink } from "../cloud/fake-cloud.js";
import { until } from "../time/clock.js";
import { keys } from "../vectors.js";
import { TestHost, type HostOptions } from "./agent-fixtures.js";

/** A host that follows a scripted cloud. */
export class World implements AsyncDisposable {
  #settled = 0;

  private constructor(
    readonly cloud: FakeCloud,
    readonly host: TestHost,
    readonly link: CloudLink,
  ) {}

  /** The cloud speaks version 1 of the protocol, unless told otherwise. */
  static async open(
    options: HostOptions & { readonly protocol?: ProtocolVersion } = {},
  ): Promise<World> {
    const cloud = await FakeCloud.start(0, undefined, options.protocol);
    const host = await TestHost.open(options);
    return new World(cloud, host, host.connect(cloud.url));
  }

  async logged(line: string): Promise<void> {
    await until(line, () => this.host.log.lines.includes(line));
  }

  /** Returns once the agent has taken in all that was said: it answers a ping. */
  async settled(link: FakeLink): Promise<void> {
    const answered = once(link.socket, "pong");
    link.push(MALFORMED);
    link.socket.ping();
    await answered;
    const refused = "error: refused what the cloud sent";
    const times = () =>
      this.host.log.lines.filter((line) => line === refused).length;
    await until("the last frame", () => times() > this.#settled);
    this.#settled = times();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.host[Symbol.asyncDispose]();
    await this.cloud[Symbol.asyncDispose]();
  }
}

/** The agent's next message: a receipt that its device key signed. */
export async function receiptOn(link: FakeLink): Promise<Receipt> {
  return believed(await link.next("receipt"), link.wire.version);
}

/** The receipt of an offset; of many at a time the agent leaves some out. */
export async function receiptOf(
  link: FakeLink,
  offset: number,
): Promise<Receipt> {
  for (;;) {
    const receipt = believed(await link.find("receipt"), link.wire.version);
    if (receipt.position.offset >= offset) return receipt;
  }
}

/** A receipt, if the device's key has signed it. */
export function believed(
  message: { signed: string; signature: string },
  version: ProtocolVersion = 1,
): Receipt {
  const { signed, signature } = message;
  const device = publicKey(keys.device.publicKey);
  const bytes = Buffer.from(signature, "base64url");
  if (!device.verify(textBytes("receipt", signed, version), bytes)) {
    throw new Error("nobody can believe this receipt");
  }
  return v.parse(Receipt, JSON.parse(signed));
}

/** A segment that leaves everything as it was, and its trace in the log. */
const MALFORMED = Buffer.from("noise");
