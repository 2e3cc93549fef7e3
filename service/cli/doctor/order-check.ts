import {
  otherChains,
  type OtherChain,
} from "../../../agent/enforce/nftables/neighbours.js";
import { printable } from "../../../agent/log/printable.js";
import { messageOf } from "../../../agent/text/message.js";
import { good, wrong, type Check } from "./check.js";

/** Who looks at what comes in before bans do, and who after, by the kernel itself. */
export async function orderCheck(): Promise<Check> {
  try {
    return orderOf(await otherChains());
  } catch (error) {
    return wrong("unknown", "order", [
      `the kernel does not say which chains there are: ${messageOf(error)}`,
      "whether another tool looks at packets before bans do can't be seen",
      "run it with sudo: sudo tourniquet doctor",
    ]);
  }
}

function orderOf(chains: readonly OtherChain[]): Check {
  const before = chains.filter(({ isBefore }) => isBefore);
  const after = chains.filter(({ isBefore }) => !isBefore);
  if (before.length > 0) {
    return wrong("warning", "order", [
      `before bans, ${OURS}, comes ${namesOf(before)}`,
      "what is dropped there is not counted here, and where a packet gets another address there, bans meet that one",
      "nothing is to be done if that is meant; otherwise give that chain a priority above -310",
    ]);
  }
  const then = after.length === 0 ? "nobody else" : namesOf(after);
  return good(
    "order",
    `bans look first at what comes in, ${OURS}; then ${then}`,
  );
}

const OURS = "at priority -310";

/** The earliest of them, since a host with containers has dozens. */
function namesOf(chains: readonly OtherChain[]): string {
  const shown = chains
    .slice(0, MOST_SHOWN)
    .map(({ table, chain, priority }) =>
      printable(`${table} ${chain} (${priority})`, 80),
    );
  const more = chains.length - shown.length;
  return [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join(", ");
}

const MOST_SHOWN = 5;
