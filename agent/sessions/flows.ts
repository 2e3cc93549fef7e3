import {
  addressesOfFlow,
  askForStatistics,
  deleteFlow,
  flowCount,
  flowOf,
  listFlows,
  type FlowName,
} from "../netlink/conntrack.js";
import { AF_INET, AF_INET6, AF_UNSPEC } from "../netlink/constants.js";
import type { Message } from "../netlink/message.js";
import type { LazySocket, Tally } from "./lazy-socket.js";
import { isSuspect, sift, type Candidate, type Search } from "./search.js";

/** Deletes the entries of connection tracking that a search finds. */
export async function cutFlows(
  netlink: LazySocket,
  search: Search,
): Promise<Tally & { readonly more: boolean }> {
  const { kept, more } = await sift(
    candidates(netlink, search),
    search.isDropped,
  );
  const tally = await netlink.forEach(
    "delete a banned session's tracked connection",
    kept,
    (flow) => (w) => deleteFlow(w, flow),
  );
  return { ...tally, more };
}

/**
 * The kernel's own filter is not used: it goes through everything for each side
 * and address, within one call, and for IPv6 it lists what does not match.
 */
async function* candidates(
  netlink: LazySocket,
  search: Search,
): AsyncGenerator<Candidate<FlowName>, void> {
  const counted = netlink.ask("count tracked connections", askForStatistics);
  if (flowCount(counted) === 0) return; // even then a list costs milliseconds
  yield* netlink.list(
    "list tracked connections",
    (w) => listFlows(w, familyOf(search)),
    (message) => candidateOf(message, search),
  );
}

/** The only family that there are suspects of, or both. */
function familyOf({ suspects: { ranges } }: Search): number {
  if (ranges?.every(({ family }) => family === 4)) return AF_INET;
  return ranges?.every(({ family }) => family === 6) ? AF_INET6 : AF_UNSPEC;
}

function candidateOf(
  message: Message,
  search: Search,
): Candidate<FlowName> | undefined {
  const remotes = addressesOfFlow(message).filter((it) =>
    isSuspect(search, it),
  );
  if (remotes.length === 0) return undefined;
  const kept = remotes.map((address) => Uint8Array.from(address));
  return { session: flowOf(message), remotes: kept };
}
