import { formatCidr } from "../model/cidr.js";
import type { Contact } from "../model/contact.js";
import type { ItemOf } from "../protocol/telemetry.js";

/** A contact that is to be told, and its packets since it was last told. */
export interface FreshContact extends Contact {
  readonly packets: number;
}

/**
 * The item for a contact. Of the process its name alone is told: arguments, the
 * program's path and the user may speak of people.
 */
export function contactItem(
  contact: FreshContact,
  now: number,
): ItemOf<"contact"> {
  const { protocol, port, packets, begun, forwarded, observed } = contact;
  const { process, unit, container } = contact.caller;
  return {
    kind: "contact",
    time: Math.floor(now),
    remote: formatCidr(contact.remote),
    ...{ protocol, port, packets, begun, forwarded, observed },
    ...(process && { process: line(process.name, 64) }),
    ...(unit !== undefined && { unit: line(unit, 256) }),
    ...(container !== undefined && { container: line(container, 64) }),
  };
}

/** What the health condition says of it, for a person. */
export function contactText(contact: Contact): string {
  const { process, unit, container, uid } = contact.caller;
  const names = [
    process && `${process.name} (pid ${process.pid})`,
    unit,
    container && `container ${container}`,
  ].filter((name) => name !== undefined && name !== "");
  const nobody =
    uid === undefined ? "a process that was not found" : `user ${uid}`;
  const who = names.length === 0 ? nobody : names.join(", ");
  return `${line(who, 160)} to ${formatCidr(contact.remote)}`;
}

/** Processes name themselves: fit for the protocol, whatever they chose. */
const line = (text: string, most: number): string =>
  text.replaceAll(/\p{Cc}/gu, "?").slice(0, most);
