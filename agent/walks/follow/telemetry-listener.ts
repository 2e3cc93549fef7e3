import type { ReportedItem } from "../../protocol/telemetry-v2.js";
import type { Listener } from "../../spool/sender.js";
import type { SpooledItem } from "../../spool/spooled-item.js";
import type { SigningKey } from "../../trust/keys.js";
import { signAsDevice } from "../../trust/sign.js";
import type { Session } from "../../uplink/uplink.js";

/** Whom what is spooled is sent to: statements are signed on their way out. */
export const listenerOf = (
  session: Session,
  key: Pick<SigningKey, "sign">,
): Listener => ({
  statements: session.capabilities.has("statements"),
  ended: session.ended,
  send: ({ items, ...message }) =>
    session.send({
      ...message,
      items: items.map((item) => signed(item, key)),
    }),
});

function signed(
  item: SpooledItem,
  key: Pick<SigningKey, "sign">,
): ReportedItem {
  if (item.kind !== "statement") return item;
  const { kind, document } = item;
  return { kind, ...signAsDevice("statement", document, key, 2) };
}
