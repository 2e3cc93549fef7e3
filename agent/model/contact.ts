import type { Cidr } from "./cidr.js";

/** Who on this host sent packets to a banned address, as far as it was found. */
export interface Caller {
  /** The user's number; undefined where the kernel did not say. */
  readonly uid: number | undefined;
  /** Undefined when the process had gone, or may not be looked at. */
  readonly process: CallingProcess | undefined;
  /** Unit of the service manager, such as "backup.service". */
  readonly unit: string | undefined;
  /** Whether it is one of a user's own manager, who gives them their names. */
  readonly ofUser: boolean;
  /** Short id or name of the container it runs in. */
  readonly container: string | undefined;
}

export interface CallingProcess {
  readonly pid: number;
  /** As the kernel names it: at most 15 bytes, and whatever the process likes. */
  readonly name: string;
  /** Path of its program; undefined where it may not be read. */
  readonly program: string | undefined;
}

/** Packets that one caller sent to one banned address. */
export interface Contact {
  readonly remote: Cidr;
  /** IP protocol number. */
  readonly protocol: number;
  /** Destination port; 0 for protocols without. */
  readonly port: number;
  /**
   * Whether this host began it. False for what was open when the ban came:
   * the banned side may have begun that.
   */
  readonly begun: boolean;
  /** Sent on behalf of somebody behind this host: a container, or another host. */
  readonly forwarded: boolean;
  /** Whether the ban only watches, so that the packets went out. */
  readonly observed: boolean;
  readonly caller: Caller;
}
