import {
  startAuthentication,
  startRegistration,
  type PublicKeyCredentialCreationOptionsJSON,
  type PublicKeyCredentialRequestOptionsJSON,
} from "@simplewebauthn/browser";
import { send } from "./api.js";

/** Asks the browser for a passkey that the cloud accepts. */
export async function shownPasskey(optionsPath: string) {
  const { body } = await send<PublicKeyCredentialRequestOptionsJSON>(
    "POST",
    optionsPath,
  );
  const shown = await startAuthentication({ optionsJSON: body });
  const { id, rawId, type, response } = shown;
  const { clientDataJSON, authenticatorData, signature, userHandle } = response;
  return {
    ...{ id, rawId, type },
    response: {
      ...{ clientDataJSON, authenticatorData, signature },
      userHandle: userHandle ?? null,
    },
  };
}

/** How what changes something is sent; it may ask first who somebody is. */
type Sending = (
  method: "POST",
  path: string,
  body?: unknown,
) => Promise<{ readonly body: unknown }>;

/** Has the browser make a passkey, and the cloud take it in. */
export async function addPasskey(label: string, sent: Sending): Promise<void> {
  const { body } = await sent("POST", "/me/passkey-options");
  const optionsJSON = body as PublicKeyCredentialCreationOptionsJSON;
  const made = await startRegistration({ optionsJSON });
  const { id, rawId, type, response } = made;
  const { clientDataJSON, attestationObject, transports } = response;
  const passkey = {
    ...{ id, rawId, type },
    response: {
      ...{ clientDataJSON, attestationObject },
      ...(transports && { transports }),
    },
  };
  await sent("POST", "/me/passkeys", { passkey, label });
}
