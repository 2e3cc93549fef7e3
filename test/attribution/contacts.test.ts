import { describe, expect, it } from "@jest/globals";
import { Contacts } from "../../agent/attribution/contacts.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Caller, Contact } from "../../agent/model/contact.js";

const caller = (name: string, more: Partial<Caller> = {}): Caller => ({
  uid: 1000,
  process: { pid: 7, name, program: undefined },
  ...{ unit: undefined, ofUser: false, container: undefined },
  ...more,
});

const contact = (more: Partial<Contact> = {}): Contact => ({
  remote: parseCidr("192.0.2.7"),
  ...{ protocol: 6, port: 443, begun: true },
  ...{ forwarded: false, observed: false },
  caller: caller("curl"),
  ...more,
});

const MINUTE = 60_000;

describe("remembered contacts", () => {
  it("report what is new, and the same again only once in a while", () => {
    const contacts = new Contacts();
    expect(contacts.take(contact(), 0)).toMatchObject({ packets: 1 });
    expect(contacts.take(contact(), MINUTE)).toBeUndefined();
    expect(contacts.take(contact(), 2 * MINUTE)).toBeUndefined();
    expect(contacts.take(contact(), 10 * MINUTE)).toMatchObject({
      ...{ packets: 3, firstSeen: 0, lastSeen: 10 * MINUTE },
    });
    expect(contacts.list()).toMatchObject([{ packets: 4, firstSeen: 0 }]);
  });

  it("tell callers, addresses and ports apart, but not runs of one program", () => {
    const contacts = new Contacts();
    contacts.take(contact(), 0);
    const again = { pid: 8, name: "curl", program: undefined };
    expect(
      contacts.take(contact({ caller: caller("curl", { process: again }) }), 1),
    ).toBeUndefined();
    for (const other of [
      contact({ caller: caller("wget") }),
      contact({ caller: caller("curl", { unit: "backup.service" }) }),
      contact({ caller: caller("curl", { container: "4f0c1de3a5b6" }) }),
      contact({ port: 80 }),
      contact({ protocol: 17 }),
      contact({ remote: parseCidr("192.0.2.8") }),
      contact({ observed: true }),
    ]) {
      expect(contacts.take(other, 2)).toMatchObject({ packets: 1 });
    }
    expect(contacts.list()).toHaveLength(8);
    expect(contacts.list()[7]?.caller.process?.pid).toBe(8);
  });

  it("report at once that a caller began what had only gone on", () => {
    const contacts = new Contacts();
    contacts.take(contact({ begun: false }), 0);
    expect(contacts.take(contact(), 1)).toMatchObject({ begun: true });
    expect(contacts.take(contact({ begun: false }), 2)).toBeUndefined();
    expect(contacts.list()).toMatchObject([{ begun: true, packets: 3 }]);
  });

  it("report again when the clock jumps back", () => {
    const contacts = new Contacts();
    contacts.take(contact(), 1e12);
    expect(contacts.take(contact(), 0)).toMatchObject({ packets: 1 });
  });

  it("are bounded: the oldest goes first, and is counted", () => {
    const contacts = new Contacts(3);
    for (const port of [1, 2, 3]) contacts.take(contact({ port }), port);
    contacts.take(contact({ port: 1 }), 4);
    contacts.take(contact({ port: 5 }), 5);
    expect(contacts.list().map(({ port }) => port)).toEqual([5, 1, 3]);
    expect(contacts.forgotten).toBe(1);
  });
});
