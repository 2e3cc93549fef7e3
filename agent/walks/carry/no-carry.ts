import { StandsAlone } from "../../config/identity.js";
import type { Carry } from "./carry.js";

/** Where there is no cloud nobody signs bundles for this host, or reads its receipts. */
export const NO_CARRY: Pick<Carry, "mark" | "receipts" | "apply"> = {
  mark: undefined,
  receipts: () => {
    throw new StandsAlone();
  },
  apply: () => Promise.reject(new StandsAlone()),
};
