import { describe, expect, it } from "@jest/globals";
import type { Remembered } from "../../agent/attribution/contacts.js";
import { parseCidr } from "../../agent/model/cidr.js";
import type { Caller } from "../../agent/model/contact.js";
import type { Hit } from "../../agent/model/hit.js";
import { hitsTable, totalsText } from "../../service/cli/commands/hits.js";
import { hitsOf, totalsOf } from "../../service/control/hits-view.js";
import { listOf } from "../support/agent/hits.js";

const hit = (
  remote: string,
  packets: number,
  more: Partial<Hit> = {},
): Hit => ({
  remote: parseCidr(remote),
  ...{ direction: "in", forwarded: false, observed: false },
  ...{ protocol: 6, way: 2, packets, bytes: packets * 60 },
  ...more,
});

const out = { direction: "out", way: 0 } as const;

const NOBODY: Caller = {
  ...{ uid: undefined, process: undefined },
  ...{ unit: undefined, ofUser: false, container: undefined },
};

const contact = (
  remote: string,
  caller: Partial<Caller>,
  more: Partial<Remembered> = {},
): Remembered => ({
  remote: parseCidr(remote),
  ...{ protocol: 6, port: 443, begun: true },
  ...{ forwarded: false, observed: false },
  ...{ packets: 1, firstSeen: 0, lastSeen: 1_000 },
  caller: { ...NOBODY, ...caller },
  ...more,
});

const agent = (hits: readonly Hit[], contacts: readonly Remembered[] = []) => ({
  hits: () => Promise.resolve(listOf(hits)),
  contacts: () => ({ latest: contacts, forgotten: 0, lost: 0 }),
});

const ALL = { limit: 50, out: false };

describe("tourniquet hits", () => {
  it("lists those with the most packets first, and no more than asked", async () => {
    const host = agent([1, 3, 2].map((n) => hit(`192.0.2.${n}`, n)));
    const views = await hitsOf(host, { ...ALL, limit: 2 });
    expect(views).toMatchObject([
      { remote: "192.0.2.3", packets: 3, bytes: 180, protocol: "tcp" },
      { remote: "192.0.2.2", packets: 2 },
    ]);
  });

  it("lists only what went out when asked to", async () => {
    const host = agent([hit("192.0.2.1", 9), hit("192.0.2.2", 1, out)]);
    expect(await hitsOf(host, { ...ALL, out: true })).toMatchObject([
      { remote: "192.0.2.2", direction: "out" },
    ]);
  });

  it("names who on this host sent the packets, and nobody else", async () => {
    const process = { pid: 812, name: "curl", program: "/usr/bin/curl" };
    const host = agent(
      [
        hit("192.0.2.1", 5, out),
        hit("192.0.2.1", 4, { ...out, protocol: 17 }),
        hit("192.0.2.1", 3, { ...out, forwarded: true }),
        hit("192.0.2.1", 2, { ...out, observed: true }),
        hit("192.0.2.1", 1),
      ],
      [
        contact("192.0.2.1", { process, unit: "backup.service", uid: 1000 }),
        contact(
          "192.0.2.1",
          { container: "4f0c1de3a5b6" },
          { forwarded: true },
        ),
        contact("192.0.2.2", { uid: 5 }),
      ],
    );
    const views = await hitsOf(host, ALL);
    expect(views.map(({ callers }) => callers)).toMatchObject([
      [
        {
          ...{ process: "curl", pid: 812, program: "/usr/bin/curl" },
          ...{ unit: "backup.service", container: null, uid: 1000 },
          ...{ begun: true, lastSeen: "1970-01-01T00:00:01.000Z" },
        },
      ],
      [],
      [{ process: null, container: "4f0c1de3a5b6" }],
      [],
      [],
    ]);
    expect(hitsTable(views).split("\n")).toEqual([
      expect.stringMatching(/^address +path +protocol +port +packets +bytes/),
      expect.stringMatching(
        /^192\.0\.2\.1 +out +tcp +443 +5 +300 +dropped +curl\[812\] backup\.service uid 1000$/,
      ),
      expect.stringMatching(/ out +udp +4 .* dropped$/),
      expect.stringMatching(/ forward out .* container 4f0c1de3a5b6$/),
      expect.stringMatching(/ out .* observed$/),
      expect.stringMatching(/ in +tcp +1 +60 +dropped$/),
    ]);
  });

  it("says of each caller what it called where that is not one port", async () => {
    const [curl, dig] = ["curl", "dig"].map((name, pid) => ({
      process: { pid, name, program: undefined },
    }));
    const host = agent(
      [hit("192.0.2.1", 5, out)],
      [
        contact("192.0.2.1", curl ?? {}),
        contact("192.0.2.1", dig ?? {}, { port: 53 }),
      ],
    );
    const views = await hitsOf(host, ALL);
    expect(views).toMatchObject([
      { port: 0, callers: [{ port: 443 }, { port: 53 }] },
    ]);
    expect(hitsTable(views)).toMatch(/curl\[0\] to port 443; dig\[1\] to port/);
  });

  it("says what was matched in all, whoever was listed", () => {
    const total = (direction: "in" | "out", observed: boolean) => ({
      ...{ family: 4 as const, direction, observed },
      ...{ packets: 10, bytes: 600 },
    });
    const totals = totalsOf([
      ...[total("in", false), total("out", false), total("in", true)],
    ]);
    expect(totalsText(totals)).toBe(
      "in all, listed or not: 20 packets dropped (1200 bytes), 10 packets observed (600 bytes)",
    );
  });

  it("shows no name that speaks to the terminal", async () => {
    const process = { pid: 1, name: "\u001b[2J\n", program: undefined };
    const host = agent(
      [hit("192.0.2.1", 1, out)],
      [contact("192.0.2.1", { process })],
    );
    const text = hitsTable(await hitsOf(host, ALL));
    expect(text).toContain("\\u001b[2J\\u000a[1]");
    expect(text).not.toContain("\u001b");
  });

  it("says none where there are none", async () => {
    expect(hitsTable(await hitsOf(agent([]), ALL))).toBe("none");
  });
});
