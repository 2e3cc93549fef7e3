import { endianness } from "node:os";
import { expect, it } from "@jest/globals";
import { establishedIn } from "../../../service/selftest/flows/sockets.js";

/** From /proc/net/tcp and tcp6 of a machine of small endian. */
const TABLES = `
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   1: 017100CB:0016 427100CB:D9F2 01 00000000:00000000 00:00000000 00000000     0
   2: 017100CB:01BB 427100CB:D9F3 06 00000000:00000000 00:00000000 00000000     0
   3: 017100CB:01BB 437100CB:D9F4 01 00000000:00000000 00:00000000 00000000     0
   0: 0000000000000000FFFF0000017100CB:0016 0000000000000000FFFF0000427100CB:A1B2 01
   1: B80D012000000A000000000001000000:0016 B80D012000000A000000000066000000:A1B4 01
`;

const itIfLittle = endianness() === "LE" ? it : it.skip;

itIfLittle(
  "counts established sockets with an address of either family",
  () => {
    expect(establishedIn(TABLES, "203.0.113.66")).toHaveLength(2);
    expect(establishedIn(TABLES, "2001:db8:a::66")).toHaveLength(1);
    expect(establishedIn(TABLES, "192.0.2.1")).toHaveLength(0);
  },
);
