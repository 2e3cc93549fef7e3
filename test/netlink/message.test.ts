import { describe, expect, it } from "@jest/globals";
import { NetlinkError } from "../../agent/netlink/error.js";
import { messagesIn, readRefusal } from "../../agent/netlink/message.js";
import { errnoName } from "../../agent/runtime/libc.js";

/** What kernel 6.18 answered to a look-up in a table that is not there. */
const REFUSED =
  "2c000000 0200 0003 07000000 01000000" + // an error, capped, with attributes
  "feffffff" + // -ENOENT
  "30000000 0d0a 0100 07000000 00000000" + // the header of the request
  "08000200 14000000"; // the cause is at byte 20

describe("a refusal", () => {
  it("names the operation, the errno, and where the cause lies", () => {
    const refusal = readRefusal(only(REFUSED));
    expect(refusal).toEqual({ errno: 2, explanation: undefined, offset: 20 });
    const error = new NetlinkError("look a ban up", refusal);
    expect(error.message).toBe("could not look a ban up: ENOENT");
    expect(error).toMatchObject({ code: "ENOENT", offset: 20 });
  });

  it("repeats the kernel's own explanation", () => {
    const refusal = { errno: 22, explanation: "no such thing", offset: 4 };
    const error = new NetlinkError("try", refusal);
    expect(error.message).toBe("could not try: no such thing (EINVAL)");
  });

  it("of zero is an acknowledgement", () => {
    const ack = REFUSED.replace("feffffff", "00000000");
    expect(readRefusal(only(ack)).errno).toBe(0);
  });
});

describe("an errno", () => {
  it.each([
    [1, "EPERM"],
    [11, "EAGAIN"],
    [93, "EPROTONOSUPPORT"],
    [512, "errno 512"],
  ])("%i is %s", (errno, name) => expect(errnoName(errno)).toBe(name));
});

function only(hex: string) {
  const [first] = messagesIn(Buffer.from(hex.replaceAll(" ", ""), "hex"));
  return first!;
}
