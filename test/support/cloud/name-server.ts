import { once } from "node:events";
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { isIPv4 } from "node:net";
import { parseAddress } from "../../../agent/model/cidr.js";
import type { Lookup } from "../../../cloud/outgoing/lookup.js";

/** A name server on loopback, and who asks it. */
export interface NameServer extends AsyncDisposable {
  readonly lookup: Lookup;
  /** The names that were asked for, once for both families. */
  readonly asked: readonly string[];
}

/** The addresses of each name, answer by answer; the last stays. */
export type Zone = Readonly<
  Record<string, readonly (readonly string[])[] | undefined>
>;

/** Answers by UDP, as the name servers of somebody hostile would. */
export async function nameServer(zone: Zone): Promise<NameServer> {
  const asked: string[] = [];
  const socket = createSocket("udp4");
  socket.on("message", (query, from) => {
    const { name, type, end } = questionOf(query);
    // IPv4 is asked for first, and stands for the question.
    const seen = asked.filter((each) => each === name).length;
    if (type === A) asked.push(name);
    const turn = type === A ? seen : seen - 1;
    const answers = zone[name];
    const all = answers?.[Math.min(turn, answers.length - 1)];
    const records = (all ?? []).filter((each) => isIPv4(each) === (type === A));
    const head = Buffer.alloc(12);
    query.copy(head, 0, 0, 2);
    head.writeUInt16BE(all === undefined ? 0x8183 : 0x8180, 2);
    head.writeUInt16BE(1, 4);
    head.writeUInt16BE(records.length, 6);
    const reply = [head, query.subarray(12, end), ...records.map(recordOf)];
    socket.send(Buffer.concat(reply), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return {
    asked,
    lookup: async (host) => {
      const none = (error: unknown) => {
        if ((error as { code?: string }).code === "ENODATA") return [];
        throw error;
      };
      const ipv4 = await resolver.resolve4(host).catch(none);
      return [...ipv4, ...(await resolver.resolve6(host).catch(none))];
    },
    [Symbol.asyncDispose]: async () => {
      resolver.cancel();
      socket.close();
      await once(socket, "close");
    },
  };
}

const A = 1;
const AAAA = 28;

function questionOf(query: Buffer) {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  const type = query.readUInt16BE(at + 1);
  return { name: labels.join(".").toLowerCase(), type, end: at + 5 };
}

/** Good for no second. */
function recordOf(text: string): Buffer {
  const address = parseAddress(text) ?? new Uint8Array(4);
  const record = Buffer.alloc(12);
  record.writeUInt16BE(0xc00c, 0);
  record.writeUInt16BE(address.length === 4 ? A : AAAA, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt16BE(address.length, 10);
  return Buffer.concat([record, address]);
}
