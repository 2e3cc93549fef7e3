import { expect, test } from "@jest/globals";
import { formatCidr } from "../../../agent/model/cidr.js";
import { attackerOf, readRemote } from "../../../cloud/telemetry/remote.js";

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3::4", "2001:db8:1:2::/64"],
  ["64:ff9b::c000:207", "192.0.2.7"], // not all of IPv4
  ["64:ff9b::c000:200/120", undefined],
  ["64:ff9b::/64", undefined],
  ["64:ff9b:1:2::c000:207", undefined], // a network's own: nobody knows whom
  ["64:ff9b:1:2::/64", undefined],
  ["2001:db8::/32", undefined],
])("the attacker behind %s is %s", (text, attacker) => {
  const remote = readRemote(text);
  const found = remote && attackerOf(remote);
  expect(found && formatCidr(found)).toBe(attacker);
});
