import { wire1 } from "../../agent/protocol/wire.js";
import type { ReportedItem } from "../../agent/protocol/telemetry-v2.js";
import type { TelemetryAck } from "../../agent/spool/sender.js";
import type { SpooledMessage } from "../../agent/spool/spooled-item.js";

/** Takes telemetry in as PROTOCOL.md has it, each item exactly once. */
export class ScriptedCloud {
  /** What it has taken in, in the order it came. */
  readonly taken: { spool: string; number: number; item: ReportedItem }[] = [];
  readonly #through = new Map<string, number>();

  /** Takes a message in as it is on the wire, and returns its answer. */
  take(text: string): TelemetryAck {
    const message = wire1.fromAgent(text);
    if (message.type !== "telemetry") throw new Error(`a ${message.type}`);
    const { spool, first, items } = message;
    const known = this.#through.get(spool) ?? 0;
    items.forEach((item, i) => {
      if (first + i > known) {
        this.taken.push({ spool, number: first + i, item });
      }
    });
    const through = Math.max(known, first + items.length - 1);
    this.#through.set(spool, through);
    return { type: "telemetry-ack", spool, through };
  }

  /** How many items were taken in, or are accounted for as dropped. */
  get accountedFor(): number {
    return this.taken.reduce(
      (sum, { item }) => sum + (item.kind === "dropped" ? item.items : 1),
      0,
    );
  }
}

/** One connection to a scripted cloud, which the test carries messages over. */
export class ScriptedLink {
  readonly sent: SpooledMessage[] = [];
  readonly #end = new AbortController();
  readonly ended = this.#end.signal;

  send(message: SpooledMessage): void {
    this.sent.push(message);
  }

  /** The cloud's answer to the newest message. */
  answer(cloud: ScriptedCloud): TelemetryAck {
    const message = this.sent.at(-1);
    if (message === undefined) throw new Error("nothing was sent");
    return cloud.take(JSON.stringify(message));
  }

  lose(): void {
    this.#end.abort();
  }
}
