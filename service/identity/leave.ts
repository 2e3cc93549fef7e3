import type { Identity } from "../../agent/config/identity.js";
import type { Leaving } from "../../agent/protocol/leaving.js";
import type { SigningKey } from "../../agent/trust/keys.js";
import { signAsDevice } from "../../agent/trust/sign.js";
import type { Way } from "../../agent/uplink/reach.js";
import { checkTransport, post } from "./enrol.js";

/**
 * Tells the cloud that this host goes. Clouds before 0.8.0 do not know of that.
 * @throws Failure when it was not heard
 */
export async function sayGoodbye(
  { agent, cloud, url: base }: Pick<Identity, "agent" | "cloud" | "url">,
  deviceKey: SigningKey,
  way: Way,
): Promise<void> {
  const url = new URL("/v1/leave", base);
  checkTransport(url);
  const leaving: Leaving = { agent, cloud, time: Date.now() };
  const body = JSON.stringify(signAsDevice("leaving", leaving, deviceKey));
  await post(url, body, way, { what: "the goodbye", ok: 200 });
}
