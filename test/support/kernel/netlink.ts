import { messagesIn, type Message } from "../../../agent/netlink/message.js";
import { MessageWriter } from "../../../agent/netlink/writer.js";

/** The messages that `fill` writes. */
export function written(fill: (w: MessageWriter) => void): Message[] {
  const w = new MessageWriter();
  w.restart(0);
  fill(w);
  return [...messagesIn(w.bytes)];
}

/** One message as the kernel would send it. */
export function message(type: number, payload: Uint8Array, flags = 0): Message {
  return { type, flags, sequence: 1, port: 1, payload: Buffer.from(payload) };
}
