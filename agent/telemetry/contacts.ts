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

/**
 * The same without what may name a user: an instance ("syncthing@alice.service")
 * and the path that a mount is called by, whatever a user has named in a manager
 * of his own, and containers that have no id but a name.
 */
export function fitToLeave<C extends Contact>(contact: C): C {
  const { unit, ofUser, container, ...rest } = contact.caller;
  const isId = container === undefined || SHORT_ID.test(container);
  const caller = {
    ...rest,
    unit: ofUser ? USERS_UNIT : unit && withoutInstance(unit),
    ofUser,
    container: isId ? container : "named",
  };
  return { ...contact, caller };
}

function withoutInstance(unit: string): string | undefined {
  if (NAMED_BY_PATHS.test(unit)) return undefined;
  return unit
    .replace(/@.*(?=\.[a-z]+$)/, "@")
    .replace(/^session-.*(?=\.scope$)/, "session");
}

/** The manager itself, or one of those that it runs. */
const USERS_UNIT = "user@.service";

const NAMED_BY_PATHS = /\.(?:mount|swap|automount)$/;

/** As engines of containers give them. */
const SHORT_ID = /^[0-9a-f]{12}$/;

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
