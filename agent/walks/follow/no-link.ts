import { StandsAlone } from "../../config/identity.js";
import type { CloudLink } from "./cloud-link.js";

/** Where there is no cloud nothing is dialed, and nobody is told of another key. */
export const NO_LINK: CloudLink = {
  rekeying: { rekey: () => Promise.reject(new StandsAlone()) },
  broken: new Promise<never>(() => undefined),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
