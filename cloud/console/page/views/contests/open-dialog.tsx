import { useId, useState } from "preact/hooks";
import type { Contest } from "../../api-types.js";
import {
  OrderDialog,
  type OrderAnswer,
  type OrderPlan,
} from "../../parts/order.js";
import { navigate, to } from "../../router.js";

/** As long as the cloud takes it. */
const LONGEST_COMPLAINT = 1_000;

/** Contests the bans on an address for somebody who wrote or called. */
export function OpenDialog({ onClose }: { readonly onClose: () => void }) {
  const [address, setAddress] = useState("");
  const [contact, setContact] = useState("");
  const ids = [useId(), useId()] as const;
  const plan: OrderPlan<OrderAnswer & Contest> = {
    title: "Open a contest for somebody",
    ...{ verb: "Open it", method: "POST", path: "/contests/open" },
    bodyOf: (why) => ({ address, why, contact }),
    isReady: address.trim() !== "",
    ...{ reasonLabel: "What they say", mostReason: LONGEST_COMPLAINT },
    fateOf: ({ contest }) => ({
      kind: "done",
      says: `It waits for an answer: ${contest}`,
      decisions: [],
    }),
    onDone: ({ contest }) => navigate(to(`/contests/${contest}`)),
    children: (
      <>
        <div class="field">
          <label for={ids[0]}>Their address, which is banned</label>
          <input
            id={ids[0]}
            value={address}
            onInput={({ currentTarget }) => setAddress(currentTarget.value)}
          />
        </div>
        <div class="field">
          <label for={ids[1]}>Where to reach them (may be left out)</label>
          <input
            id={ids[1]}
            maxLength={254}
            value={contact}
            onInput={({ currentTarget }) => setContact(currentTarget.value)}
          />
        </div>
      </>
    ),
  };
  return <OrderDialog plan={plan} onClose={onClose} />;
}
