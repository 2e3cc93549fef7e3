import type { ContactList } from "../../attribution/attribution.js";
import type { Remembered } from "../../attribution/contacts.js";
import { watchContacts, type ContactWatch } from "../../attribution/watch.js";
import type { Counters } from "../../enforce/enforcer.js";
import type { AgentEvents } from "../../events/events.js";
import { compareCidrs, cidrOf } from "../../model/cidr.js";
import type { Protection } from "../../protect/protection.js";
import type { Clock } from "../../runtime/clock.js";
import {
  contactItem,
  contactText,
  fitToLeave,
} from "../../telemetry/contacts.js";
import type { TelemetryWalk } from "./telemetry-walk.js";

export interface ContactPorts {
  readonly enforcer: Pick<Counters, "told">;
  readonly protection: Pick<Protection, "facts">;
  readonly clock: Clock;
  readonly telemetry: Pick<TelemetryWalk, "spoolItem" | "raiseBriefly">;
  readonly events: AgentEvents;
}

/**
 * Tells of processes of this host that call banned addresses: who calls an
 * attacker may work for him. Where that can't be heard, bans are enforced and
 * hits are counted all the same.
 */
export async function startContactWatch(
  ports: ContactPorts,
): Promise<ContactWatch> {
  const { enforcer, protection, clock, events } = ports;
  if (enforcer.told === undefined) return nobody();
  try {
    return await watchContacts({
      told: enforcer.told,
      clock,
      isOwn: (address) => {
        const cidr = cidrOf(address, address.length * 8);
        const { own } = protection.facts;
        return own.some((each) => compareCidrs(each, cidr) === 0);
      },
      contacted: reporter(ports),
      failed: (why) => events.contactsUnheard(why),
    });
  } catch (error) {
    events.contactsUnheard(error);
    return nobody();
  }
}

/** A host that calls everybody is told of by some; all are shown on the host. */
function reporter({ clock, telemetry, events }: ContactPorts) {
  let minute = 0;
  let told = 0;
  return (contact: Remembered): void => {
    const thisMinute = Math.floor(clock.monotonic() / 60_000);
    told = thisMinute === minute ? told + 1 : 1;
    minute = thisMinute;
    if (told > MOST_TOLD_A_MINUTE) return;
    events.bannedContacted(contactText(contact), contact);
    const leaving = fitToLeave(contact);
    telemetry.spoolItem(contactItem(leaving, clock.now()));
    const isAlarm = contact.begun && !contact.observed;
    if (isAlarm)
      telemetry.raiseBriefly("banned-contacted", contactText(leaving));
  };
}

const MOST_TOLD_A_MINUTE = 60;

const nobody = (): ContactWatch => ({
  contacts: () => NONE,
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

const NONE: ContactList = { latest: [], forgotten: 0, lost: 0 };
