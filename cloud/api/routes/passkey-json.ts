import type * as v from "valibot";
import type { PasskeyMade, PasskeyShown } from "../../sign-in/passkeys.js";
import type { NewPasskey, Shown } from "./session-shapes.js";

/** What browsers say more of a passkey is asked of none, and used by nobody. */

export function asShown(shown: v.InferOutput<typeof Shown>): PasskeyShown {
  const { userHandle, ...response } = shown.response;
  return {
    ...shown,
    clientExtensionResults: {},
    // Some say null, and some nothing, where there is none.
    response: { ...response, ...(userHandle ? { userHandle } : {}) },
  };
}

export function asMade({
  response: { transports, ...response },
  ...made
}: v.InferOutput<typeof NewPasskey>["passkey"]): PasskeyMade {
  return {
    ...made,
    clientExtensionResults: {},
    response: { ...response, ...(transports && { transports }) },
  };
}
