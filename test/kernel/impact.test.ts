import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  expect,
  it,
} from "@jest/globals";
import { formatAddress } from "../../agent/model/cidr.js";
import { systemClock } from "../../agent/runtime/clock.js";
import { loadLibc } from "../../agent/runtime/libc.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { OpenFlows } from "../../agent/sessions/open-flows.js";
import type { ImpactTold } from "../../cloud/cli/ask-bans.js";
import { Namespace, sh } from "../../scripts/lab/namespace.js";
import { settleBy, startIn } from "../support/agent/enrolled-host.js";
import { startTestCloud } from "../support/cloud/cloud.js";
import { TestFolder } from "../support/folder.js";
import { describeInNamespace } from "../support/kernel/namespace.js";
import { caller, connected } from "../support/kernel/sessions.js";
import { until } from "../support/time/clock.js";

const HOST = { 4: "10.9.0.1", 6: "2001:db8:9::1" };
const OTHER = { 4: "10.9.0.2", 6: "2001:db8:9::2" };
const CUSTOMER = "10.9.0.3";
const GUEST = "10.8.0.2";
/** Answers in the other namespaces. */
const PORT = 7000;
/** This host's. */
const OWN_PORT = 7006;

describeInNamespace("the flows that are open", () => {
  const world = new Lifetime();
  let other: Namespace;
  let guest: Namespace;
  let flows: OpenFlows;
  let opened: Lifetime;

  beforeAll(async () => {
    await writeFile("/proc/sys/net/ipv4/ip_forward", "1");
    other = world.own(
      await Namespace.linked(
        {
          here: [`${HOST[4]}/24`, `${HOST[6]}/64`],
          there: [`${OTHER[4]}/24`, `${CUSTOMER}/24`, `${OTHER[6]}/64`],
        },
        PORT,
      ),
    );
    guest = world.own(
      await Namespace.linked(
        { here: ["10.8.0.1/24"], there: [`${GUEST}/24`] },
        PORT,
      ),
    );
    await guest.sh("ip route add default via 10.8.0.1");
    await sh(`nft -f - <<'RULES'
      table ip tracking {
        chain in { type nat hook prerouting priority -100;
          ip daddr ${HOST[4]} tcp dport 8080 dnat ip to ${GUEST}:${PORT}
        }
        chain out { type nat hook postrouting priority 100;
          ip saddr ${GUEST} ip daddr ${OTHER[4]} masquerade
        }
      }
RULES`);
  });
  afterAll(async () => {
    await sh("nft delete table ip tracking");
    await world[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    opened = new Lifetime();
    flows = opened.own(new OpenFlows(await loadLibc(), systemClock));
  });
  afterEach(() => opened[Symbol.asyncDispose]());

  /** "called 10.9.0.2" or "caller 10.9.0.2", both ends of what is forwarded. */
  const seen = async () => {
    const lines: string[] = [];
    const whole = await flows.look(({ ends }) => {
      const texts = ends.map(
        ({ address, called }) =>
          `${called ? "called" : "caller"} ${formatAddress(address)}`,
      );
      lines.push(texts.join(", "));
    });
    expect(whole).toBe(true);
    return lines.sort();
  };
  const sessionOut = async (host: string, port = PORT) => {
    const socket = connect({ host, port });
    opened.defer(() => void socket.destroy());
    await once(socket, "connect");
    return socket;
  };
  const sessionIn = async (from: string, to: string) => {
    const listening = createServer();
    const options = { port: OWN_PORT, host: "::" };
    await new Promise<void>((done) => listening.listen(options, done));
    opened.defer(() => void listening.close());
    const accepted = once(listening, "connection");
    opened.own(caller(other, { from, to, port: OWN_PORT }));
    const [socket] = (await accepted) as [ReturnType<typeof connect>];
    opened.defer(() => void socket.destroy());
  };

  it("are told with who called whom, and loopback is not among them", async () => {
    expect(await seen()).toEqual([]);
    await sessionIn(CUSTOMER, HOST[4]);
    await sessionOut(OTHER[4]);
    await sessionOut(OTHER[6]);
    await sessionOut("127.0.0.1", OWN_PORT);
    await sessionOut(HOST[4], OWN_PORT);
    const datagrams = await connected("udp4", OTHER[4], 7053);
    opened.defer(() => void datagrams.close());
    expect(await seen()).toEqual([
      ...[`called ${OTHER[4]}`, `called ${OTHER[4]}`, `called ${OTHER[6]}`],
      `caller ${CUSTOMER}`,
    ]);
    expect(await flows.flowCount()).toEqual({ begunHere: 2, total: 3 });
  });

  it("include what is forwarded to a guest and from it", async () => {
    opened.own(caller(other, { from: CUSTOMER, to: HOST[4], port: 8080 }));
    opened.own(caller(guest, { from: GUEST, to: OTHER[4], port: PORT }));
    const both = [
      `called ${GUEST}, caller ${CUSTOMER}`,
      `called ${OTHER[4]}, caller ${GUEST}`,
    ];
    await until("both", async () => (await seen()).length === 2);
    expect(await seen()).toEqual(both);
    expect(await flows.flowCount()).toEqual({ begunHere: 1, total: 2 });
  });

  it("are what a cloud hears of, from two agents, in numbers alone", async () => {
    await using cloud = await startTestCloud();
    const org = await cloud.addOrg("example");
    const agent = async (settings?: object) => {
      const { path } = opened.own(new TestFolder());
      await settleBy(await cloud.token(org), path);
      const running = opened.own(await startIn(path, {}, settings));
      await until("it is up", () => running.link.state.at === "up");
    };
    await agent();
    await agent();
    await agent({ telemetry: { impact: false } });
    await sessionIn(CUSTOMER, HOST[4]);
    const socket = await sessionOut(OTHER[4]);
    const ask = async (...ranges: string[]) =>
      (await cloud.request<ImpactTold>("POST", "/api/v1/impact", { ranges }))
        .body;

    expect(await ask("10.9.0.2/31")).toMatchObject({
      ...{ asked: 3, answered: 2, refused: 1, affected: 2, partial: 0 },
      ...{ live: 4, liveBegun: 2, liveOnOne: 2, recent: 4, recentBegun: 2 },
    });
    expect(await ask("203.0.113.0/24")).toMatchObject({ live: 0, recent: 0 });
    socket.destroy();
    await until("it is gone", async () => (await ask(OTHER[4])).live === 0);
    expect(await ask(OTHER[4])).toMatchObject({ live: 0, recent: 2 });
  });
});
