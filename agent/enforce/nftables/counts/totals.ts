import type { Total } from "../../../model/hit.js";
import { NetlinkError } from "../../../netlink/error.js";
import {
  getCounter,
  listCounters,
} from "../../../netlink/nftables/messages.js";
import { counterIn } from "../../../netlink/nftables/read.js";
import type { OwnPackets } from "../../enforcer.js";
import { isAbsent, type KernelTable } from "../kernel-table.js";
import { FATES, probeName, probed, totalName } from "../sets/counters.js";
import { SIDES, TABLE } from "../sets/layout.js";

/** The totals of all sides; none where the ruleset is absent. */
export function totalsIn(table: KernelTable): readonly Total[] {
  const counted = new Map(
    table
      .all("list totals", (w) => listCounters(w, TABLE))
      .map(counterIn)
      .map(({ name, packets, bytes }) => [name, { packets, bytes }]),
  );
  return SIDES.flatMap((side) =>
    FATES.flatMap((fate): Total[] => {
      const count = counted.get(totalName(side, fate));
      const observed = fate === "observed";
      return count === undefined ? [] : [{ ...side, observed, ...count }];
    }),
  );
}

/** How many packets to a proof's address the kernel has counted; 0 for none. */
export function probesIn(
  table: KernelTable,
  { remote, observed }: OwnPackets,
): number {
  const isProbed = probed(remote.family).some(
    (address) => Buffer.compare(address, remote.address) === 0,
  );
  if (!isProbed) return 0;
  const name = probeName(remote.family, observed ? "observed" : "dropped");
  const [answer] = table.ask("ask for a count", (w) =>
    getCounter(w, TABLE, name),
  );
  if (answer === undefined || isAbsent(answer)) return 0;
  if (answer instanceof NetlinkError) throw answer;
  return counterIn(answer).packets;
}
