import type { Cidr, Family } from "./cidr.js";

/**
 * Packets that bans matched, counted by the kernel for one remote: at least so
 * many, since of a flood it counts by remote what is worth it.
 */
export interface Hit {
  /**
   * The remote side: the source of what came in (of IPv6 its /64), or the
   * destination of what went out.
   */
  readonly remote: Cidr;
  readonly direction: "in" | "out";
  /** On their way through this host, rather than to it or from it. */
  readonly forwarded: boolean;
  /** Counted and let pass. */
  readonly observed: boolean;
  /** IP protocol number: 6 is TCP, 17 is UDP; 255 for all that are rare. */
  readonly protocol: number;
  /**
   * What it was told from others by: the kind of its destination (RTN_LOCAL is
   * 2), or the index of the device that it came in by, 0 where it is from here.
   */
  readonly way: number;
  readonly packets: number;
  readonly bytes: number;
}

/** Packets that bans matched, whosoever they are. */
export interface Total extends Pick<Hit, "direction" | "observed"> {
  readonly family: Family;
  readonly packets: number;
  readonly bytes: number;
}
