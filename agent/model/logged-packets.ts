/** A group of the kernel's packet log. */
export interface LoggedPackets {
  readonly group: number;
  /** Of each packet, from its network header on. */
  readonly bytes: number;
}
