/** What an operator's list says of a machine. */
export interface Inventory {
  readonly hostname: string;
  /** Distribution and release, as "Debian GNU/Linux 12". */
  readonly system: string;
}

/** Loads the package that knows only when asked: it is large, and this is rare. */
export async function readInventory(): Promise<Inventory> {
  const { default: si } = await import("systeminformation");
  const { hostname, distro, release, platform } = await si.osInfo();
  const system = [distro || platform, release].filter(Boolean).join(" ");
  return { hostname: hostname || "unknown", system };
}
