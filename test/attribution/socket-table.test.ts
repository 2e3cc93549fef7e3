import { describe, expect, it, test } from "@jest/globals";
import { socketIn, type Flow } from "../../agent/attribution/socket-table.js";
import { parseCidr } from "../../agent/model/cidr.js";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";

const row = (here: string, there: string, uid: number, inode: number) =>
  `   0: ${here} ${there} 02 00000001:00000000 01:00000064 00000000  ${uid}        0 ${inode} 2 0000000000000000 100 0 0 10 -1\n`;

const flow = (
  local: string,
  localPort: number,
  remote: string,
  port: number,
): Flow => ({
  ...{ local: parseCidr(local).address, localPort },
  ...{ remote: parseCidr(remote).address, port },
});

const called = flow("172.17.0.2", 40_000, "192.0.2.7", 443);

describe("a table of sockets", () => {
  it("is searched for the connected socket", () => {
    const text =
      HEAD +
      row("020011AC:9C41", "070200C0:01BB", 1, 11) +
      row("020011AC:9C40", "080200C0:01BB", 2, 12) +
      row("020011AC:9C40", "070200C0:01BB", 1000, 13);
    expect(socketIn(text, called)).toEqual({ uid: 1000, inode: 13 });
  });

  it("takes the one that sends to everybody where none is connected", () => {
    const text =
      HEAD +
      row("00000000:0035", "00000000:0000", 1, 11) +
      row("00000000:9C40", "00000000:0000", 33, 12);
    expect(socketIn(text, called)).toEqual({ uid: 33, inode: 12 });
  });

  it("knows a socket of IPv6 that speaks IPv4", () => {
    const mapped = "0000000000000000FFFF0000";
    const text =
      HEAD + row(`${mapped}020011AC:9C40`, `${mapped}070200C0:01BB`, 5, 14);
    expect(socketIn(text, called)).toEqual({ uid: 5, inode: 14 });
  });

  it("finds IPv6", () => {
    const text =
      HEAD +
      row(
        "B80D0120000000000000000001000000:9C40",
        "B80D0120000000000000000002000000:0050",
        ...([6, 15] as const),
      );
    const asked = flow("2001:db8::1", 40_000, "2001:db8::2", 80);
    expect(socketIn(text, asked)).toEqual({ uid: 6, inode: 15 });
  });

  test.each(["", HEAD, "\n\n", "x y z", `${HEAD}   0: 020011AC:9C40\n`])(
    "finds nothing in %j",
    (text) => {
      expect(socketIn(text, called)).toBeUndefined();
    },
  );
});
