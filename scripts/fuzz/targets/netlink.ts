import { outgoingIn } from "../../../agent/attribution/outgoing.js";
import { hitOf } from "../../../agent/enforce/nftables/counts/hits.js";
import { decodeLabel } from "../../../agent/enforce/nftables/sets/label.js";
import { attributesIn, dig } from "../../../agent/netlink/attributes.js";
import {
  addressesOfFlow,
  flowCount,
  flowOf,
} from "../../../agent/netlink/conntrack.js";
import { MalformedNetlink } from "../../../agent/netlink/error.js";
import {
  messagesIn,
  readRefusal,
  type Message,
} from "../../../agent/netlink/message.js";
import { packetIn } from "../../../agent/netlink/nflog/messages.js";
import {
  authorIn,
  tableEvent,
} from "../../../agent/netlink/nftables/events.js";
import {
  elementsIn,
  counterIn,
  generationIn,
  setName,
} from "../../../agent/netlink/nftables/read.js";
import { addressesOf, gatewaysOf } from "../../../agent/netlink/route.js";
import { remoteAddress, socketOf } from "../../../agent/netlink/sock-diag.js";
import { MessageWriter } from "../../../agent/netlink/writer.js";
import { Broken, type Layer, type Read, type Target } from "../target.js";
import { kernelsWords } from "./netlink-corpus.js";

const TABLE = { family: 1, name: "tourniquet" } as const;

/** The payload of the first message, its length put right. */
const payload: Layer = {
  open: (outer) => outer.subarray(16, outer.readUInt32LE(0)),
  seal: (inner, outer) => {
    const head = Buffer.from(outer.subarray(0, 16));
    head.writeUInt32LE(16 + inner.length);
    return Buffer.concat([head, inner]);
  },
};

/** The same, as one attribute behind the first four bytes. */
const attribute: Layer = {
  open: (outer) => payload.open(outer).subarray(8),
  seal: (inner, outer) => {
    const before = payload.open(outer).subarray(0, 8);
    const head = Buffer.from(before);
    head.writeUInt16LE(Math.min(0xffff, 4 + inner.length), 4);
    return payload.seal(Buffer.concat([head, inner]), outer);
  },
};

/** Every reader is given every message, whatever the message says that it is. */
const each =
  (read: (message: Message) => unknown): Read =>
  (bytes) => {
    const found = Array.from(messagesIn(bytes), read);
    return found.some((one) => one !== undefined) ? "something" : "nothing";
  };

const as = (type: number, message: Message): Message => ({ ...message, type });

export const target: Target = {
  name: "netlink",
  corpus: kernelsWords(),
  readers: {
    refusal: each((message) => readRefusal(message)),
    address: each((message) => addressesOf(as(20, message))[0]),
    route: each((message) => gatewaysOf(as(24, message))[0]),
    socket: each((message) => {
      const { remote } = socketOf(message);
      if (!remoteAddress(message).equals(remote.address)) {
        throw new Broken("addresses", "the two readers differ");
      }
      return remote;
    }),
    flow: each((message) => [flowOf(message), addressesOfFlow(message)]),
    count: each((message) => flowCount(message)),
    generation: each((message) => generationIn(message)),
    counter: each((message) => counterIn(message)),
    set: each((message) => setName(message) || undefined),
    element: each((message) => {
      const elements = [...elementsIn(message)];
      for (const side of SIDES) elements.forEach((one) => hitOf(side, one));
      elements.forEach(({ key }) => decodeLabel(key));
      return elements[0];
    }),
    event: each((message) => {
      const event = tableEvent(message, TABLE);
      return event?.of === "elements" ? [...event.elements] : event;
    }),
    author: each((message) => authorIn(message)),
    packet: each((message) => {
      const packet = packetIn(as(0x400, message));
      return packet && outgoingIn(packet);
    }),
    "bare packet": (bytes) => {
      const packet = { prefix: "", uid: undefined, cameIn: false, bytes };
      const found = outgoingIn(packet);
      return found === undefined ? "nothing" : `IPv${found.family}`;
    },
    attributes: (bytes) => {
      const found = [...attributesIn(bytes)];
      return dig(bytes, 1, 1, 1) ? "deep" : `${found.length > 0}`;
    },
    "written again": (bytes) => {
      const found = [...attributesIn(bytes)];
      const w = new MessageWriter();
      for (const { type, bytes: inner } of found) w.data(type, inner);
      const again = [...attributesIn(w.bytes)];
      const same = again.every(
        ({ type, bytes: inner }, i) =>
          type === found[i]?.type && inner.equals(found[i].bytes),
      );
      if (same && again.length === found.length) return "attributes";
      throw new Broken("written again", "the attributes are others");
    },
  },
  layers: [payload, attribute],
  words: [
    "tourniquet",
    "ban4_32_a",
    "allow4",
    "observed",
    "\x02",
    "\x0a",
    "\x04",
  ],
  refusals: [MalformedNetlink],
  mostBytes: 64 * 1024,
  mostMemory: 64 * 1024 * 1024,
  mostCpuMs: 250,
};

const SIDES = ([4, 6] as const).flatMap((family) =>
  (["in", "out"] as const).map((direction) => ({ family, direction })),
);
