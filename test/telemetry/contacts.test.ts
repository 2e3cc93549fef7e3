import { describe, expect, it, test } from "@jest/globals";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Caller } from "../../agent/model/contact.js";
import { parseShape } from "../../agent/protocol/shapes.js";
import { TelemetryItem } from "../../agent/protocol/telemetry.js";
import {
  contactItem,
  contactText,
  fitToLeave,
  type FreshContact,
} from "../../agent/telemetry/contacts.js";
import { withoutWho } from "../../agent/telemetry/items.js";

const contact = (caller: Partial<Caller>): FreshContact => ({
  remote: parseCidr("192.0.2.7"),
  ...{ protocol: 6, port: 443, packets: 2, begun: true },
  ...{ forwarded: false, observed: false },
  caller: {
    ...{ uid: undefined, process: undefined },
    ...{ unit: undefined, ofUser: false, container: undefined },
    ...caller,
  },
});

const curl = { pid: 812, name: "curl", program: "/home/alice/bin/curl" };

describe("the item of a contact", () => {
  it("names the process, and neither its path, its number nor its user", () => {
    const item = contactItem(
      contact({ process: curl, uid: 1000, unit: "backup.service" }),
      1_000.5,
    );
    expect(item).toEqual({
      ...{ kind: "contact", time: 1_000, remote: "192.0.2.7" },
      ...{ protocol: 6, port: 443, packets: 2, begun: true },
      ...{ forwarded: false, observed: false },
      ...{ process: "curl", unit: "backup.service" },
    });
  });

  it("fits the protocol whatever a process calls itself", () => {
    const item = contactItem(
      contact({
        process: { ...curl, name: "\u001b\n\u0000" + "x".repeat(99) },
        unit: "u".repeat(999),
        container: "\u0007".repeat(99),
      }),
      1,
    );
    expect(parseShape(TelemetryItem, item, "item")).toEqual(item);
    expect(item.process).toMatch(/^\?\?\?x+$/);
  });
});

describe("what leaves of a caller", () => {
  test.each([
    ["backup.service", "backup.service"],
    ["syncthing@alice.service", "syncthing@.service"],
    ["syncthing@alice@home.service", "syncthing@.service"],
    ["user-runtime-dir@1000.service", "user-runtime-dir@.service"],
    ["session-12.scope", "session.scope"],
    ["sshd@3-10.0.0.1:22-192.0.2.7:50022.service", "sshd@.service"],
    ["home-alice.mount", undefined],
    ["home-alice-swap.swap", undefined],
    [undefined, undefined],
  ])("of unit %s is %s", (unit, told) => {
    expect(fitToLeave(contact({ unit })).caller.unit).toBe(told);
  });

  it("is no name that a user gave, nor one of a container", () => {
    const unit = "alice-mail.service";
    const own = fitToLeave(contact({ unit, ofUser: true })).caller;
    expect(own.unit).toBe("user@.service");
    const told = (container: string) =>
      fitToLeave(contact({ container })).caller.container;
    expect(told("alice-dev")).toBe("named");
    expect(told("4f0c1de3a5b6")).toBe("4f0c1de3a5b6");
  });
});

describe("what leaves of an order", () => {
  test.each([
    [
      "confirm all; by uid 0 (pid 3), logged in as alice (uid 7)",
      "confirm all",
    ],
    [
      "192.0.2.7 for 60 s: wanted; by us; by uid 0",
      "192.0.2.7 for 60 s: wanted; by us",
    ],
    ["no longer", "no longer"],
  ])("names nobody: %s", (order, told) => {
    expect(withoutWho(order)).toBe(told);
  });
});

describe("what a person reads of a contact", () => {
  test.each([
    [{}, "a process that was not found to 192.0.2.7"],
    [{ uid: 33 }, "user 33 to 192.0.2.7"],
    [{ process: curl, uid: 33 }, "curl (pid 812) to 192.0.2.7"],
    [
      { process: curl, unit: "backup.service", container: "4f0c1de3a5b6" },
      "curl (pid 812), backup.service, container 4f0c1de3a5b6 to 192.0.2.7",
    ],
    [{ container: "web" }, "container web to 192.0.2.7"],
  ])("%j", (caller, text) => {
    expect(contactText(contact(caller))).toBe(text);
  });
});
