import { once } from "node:events";
import { connect, createServer } from "node:net";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { formatAddress } from "../../agent/model/cidr.js";
import {
  addressesOfFlow,
  askForStatistics,
  deleteFlow,
  flowCount,
  flowOf,
  listFlows,
} from "../../agent/netlink/conntrack.js";
import { AF_INET, NETLINK_NETFILTER } from "../../agent/netlink/constants.js";
import { NetlinkError } from "../../agent/netlink/error.js";
import type { Message } from "../../agent/netlink/message.js";
import { NetlinkSocket } from "../../agent/netlink/socket.js";
import { loadLibc } from "../../agent/runtime/libc.js";
import { Lifetime } from "../../agent/runtime/lifetime.js";
import { sh } from "../../scripts/lab/namespace.js";
import { describeInNamespace } from "../support/kernel/namespace.js";

const PORT = 7009;
/** Loopback addresses that nobody else uses: each in a zone of its kind. */
const IN_NO_ZONE = "127.1.0.1";
const IN_A_ZONE = "127.1.0.7";
const IN_A_ZONE_ONE_WAY = "127.1.0.9";

describeInNamespace("tracked connections", () => {
  const world = new Lifetime();

  beforeAll(async () => {
    await sh(`nft -f - <<'RULES'
      table ip zones {
        chain out { type filter hook output priority -300;
          ip daddr ${IN_A_ZONE} ct zone set 7
          ip saddr ${IN_A_ZONE} ct zone set 7
          ip daddr ${IN_A_ZONE_ONE_WAY} ct original zone set 9
        }
        chain later { type filter hook output priority 0; ct state new counter; }
      }
RULES`);
    world.defer(async () => {
      await sh("nft delete table ip zones");
    });
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((done) => server.listen(PORT, "0.0.0.0", done));
    world.defer(() => void server.close());
  });
  afterAll(() => world[Symbol.asyncDispose]());

  it.each([IN_NO_ZONE, IN_A_ZONE, IN_A_ZONE_ONE_WAY])(
    "are listed and deleted by name, to %s",
    async (address) => {
      const client = connect(PORT, address);
      world.defer(() => void client.destroy());
      await once(client, "connect");
      using socket = new NetlinkSocket(await loadLibc(), NETLINK_NETFILTER);
      const listed = () =>
        socket.list(
          "list",
          (w) => listFlows(w, AF_INET),
          (message) => namesOf(message, address),
        );

      const flows = listed();
      expect(flows.length).toBeGreaterThan(0);
      expect(count(socket)).toBeGreaterThanOrEqual(flows.length);
      const strange = flows.map((it) => ({ ...it, id: Buffer.alloc(4, 0xa5) }));
      expect(codes(socket, strange)).toEqual(flows.map(() => "ENOENT"));
      expect(codes(socket, flows)).toEqual(flows.map(() => undefined));
      expect(listed()).toEqual([]);
    },
  );
});

type Name = ReturnType<typeof flowOf>;

function namesOf(message: Message, address: string): Name[] {
  const found = addressesOfFlow(message).map(formatAddress).includes(address);
  return found ? [flowOf(message)] : [];
}

function count(socket: NetlinkSocket): number {
  const [answer] = socket.exchange("count", askForStatistics);
  if (!answer || answer instanceof NetlinkError) throw new Error("no count");
  return flowCount(answer);
}

/** What the kernel answers to the deletion of each. */
function codes(socket: NetlinkSocket, flows: readonly Name[]) {
  return socket
    .exchange("delete", (w) => flows.forEach((flow) => deleteFlow(w, flow)))
    .map((answer) =>
      answer instanceof NetlinkError ? answer.code : undefined,
    );
}
