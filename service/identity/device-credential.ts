import { join } from "node:path";
import { failed } from "../../agent/text/failure.js";
import { messageOf } from "../../agent/text/message.js";
import { keyFromPem, type SigningKey } from "../../agent/trust/keys.js";
import { readCredential } from "./private-files.js";

/**
 * The device key that a service manager hands in, as systemd does with
 * `LoadCredentialEncrypted=device-key`: it lies nowhere in the clear then.
 * @returns undefined where none is handed in
 * @throws Failure when it is no key, or others could have read it
 */
export function deviceCredential(
  env: Readonly<Record<string, string | undefined>>,
): SigningKey | undefined {
  const folder = env["CREDENTIALS_DIRECTORY"];
  if (folder === undefined || folder === "") return undefined;
  const path = join(folder, "device-key");
  const pem = readCredential(path);
  if (pem === undefined) return undefined;
  try {
    return keyFromPem(pem);
  } catch (error) {
    const why = messageOf(error);
    throw failed(`the credential ${path} is no device key: ${why}`, error);
  }
}
