import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { MessageWriter } from "../../../agent/netlink/writer.js";
import { packageRoot } from "../../../test/support/vectors.js";

/** Messages as the kernel sends them: of tables, and of all else that is read. */
export function kernelsWords(): readonly Buffer[] {
  return [
    ...tables(),
    ...addressesAndRoutes(),
    ...[socket(2), socket(10)],
    ...[flow(), refusal(), generation(), count()],
    ...[tcpPacket(), extendedPacket()].map(logged),
    ...[tcpPacket(), extendedPacket()],
    hit(),
  ];
}

/** What this program tells the kernel, which the kernel tells everybody. */
function tables(): readonly Buffer[] {
  const folder = join(packageRoot, "test/golden/netlink");
  return readdirSync(folder).flatMap((name) => {
    const text = readFileSync(join(folder, name), "utf8");
    const commands = JSON.parse(text) as readonly {
      readonly messages: readonly { type: number; payload: string }[];
    }[];
    return commands.map(({ messages }) =>
      Buffer.concat(
        messages.map(({ type, payload }) =>
          message(0xa00 | type, (w) => w.raw(Buffer.from(payload, "hex"))),
        ),
      ),
    );
  });
}

function message(type: number, fill: (w: MessageWriter) => void): Buffer {
  const w = new MessageWriter();
  w.message({ type, flags: 0 }, () => fill(w));
  return Buffer.from(w.bytes);
}

const V4 = Uint8Array.of(192, 0, 2, 7);
const V6 = Buffer.from("20010db8000000000000000000000007", "hex");

function addressesAndRoutes(): readonly Buffer[] {
  const hop = Buffer.from("1000000002000000" + "08000500c0000201", "hex");
  return [
    message(20, (w) => {
      w.raw(Uint8Array.of(2, 24, 0, 0, 2, 0, 0, 0));
      w.data(1, V4);
      w.data(2, V4);
    }),
    message(20, (w) => {
      w.raw(Uint8Array.of(10, 64, 0, 0, 2, 0, 0, 0));
      w.data(1, V6);
    }),
    message(24, (w) => {
      w.raw(Uint8Array.of(2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0));
      w.data(4, Uint8Array.of(2, 0, 0, 0));
      w.data(5, V4);
      w.data(9, Buffer.concat([hop, hop]));
      w.data(18, Buffer.concat([Uint8Array.of(10, 0), V6]));
    }),
  ];
}

/** struct inet_diag_msg of a connection. */
function socket(family: number): Buffer {
  const bytes = Buffer.alloc(72, 0);
  bytes[0] = family;
  bytes[1] = 1;
  bytes.set(family === 2 ? V4 : V6, 8);
  bytes.set(family === 2 ? V4 : V6, 24);
  return message(20, (w) => w.raw(bytes));
}

function flow(): Buffer {
  return message(0x100, (w) => {
    w.raw(Uint8Array.of(2, 0, 0, 0));
    for (const tuple of [1, 2]) {
      w.nest(tuple, () =>
        w.nest(1, () => {
          w.data(1, V4);
          w.data(2, V4);
        }),
      );
    }
    w.u32(12, 0x2980b137);
    w.data(18, Uint8Array.of(0, 7));
  });
}

/** NLMSG_ERROR with what the kernel has to say of it. */
function refusal(): Buffer {
  return message(2, (w) => {
    w.raw(
      Buffer.from("feffffff" + "14000000".repeat(1) + "00".repeat(16), "hex"),
    );
    w.text(1, "no such table");
    w.data(2, Uint8Array.of(20, 0, 0, 0));
  });
}

const generation = (): Buffer =>
  message(0xa0f, (w) => {
    w.raw(Uint8Array.of(0, 0, 0, 0));
    w.u32(1, 7);
    w.u32(2, 4711);
    w.text(3, "nft");
  });

const count = (): Buffer =>
  message(0x105, (w) => {
    w.raw(Uint8Array.of(0, 0, 0, 0));
    w.u32(1, 9);
  });

const logged = (packet: Buffer): Buffer =>
  message(0x400, (w) => {
    w.raw(Uint8Array.of(2, 0, 0, 1));
    w.text(10, "observed");
    w.u32(4, 2);
    w.u32(11, 1000);
    w.data(9, packet);
  });

/** IPv4 and TCP: a SYN. */
const tcpPacket = (): Buffer =>
  Buffer.from(
    "4500002800000000400600007f000001c0000207" +
      "c3aa01bb00000001000000005002fff000000000",
    "hex",
  );

/** IPv6, a hop-by-hop header, a fragment header, UDP. */
const extendedPacket = (): Buffer =>
  Buffer.from(
    "6000000000180040" +
      "20010db8000000000000000000000001" +
      "20010db8000000000000000000000002" +
      "2c00000000000000" +
      "1100000000000001" +
      "c3aa003500080000",
    "hex",
  );

/** An element of a set of hits, with its counter. */
const hit = (): Buffer =>
  message(0xa0c, (w) => {
    w.raw(Uint8Array.of(1, 0, 0, 0));
    w.text(1, "tourniquet");
    w.text(2, "remotes_in4");
    w.nest(3, () =>
      w.nest(1, () => {
        const key = Buffer.from("c0000207060000000200000000000000", "hex");
        w.nest(1, () => w.data(1, key));
        w.nest(6, () => {
          w.text(1, "counter");
          w.nest(2, () => {
            w.u64(1, 840);
            w.u64(2, 10);
          });
        });
      }),
    );
  });
