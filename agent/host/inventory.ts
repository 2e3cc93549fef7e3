import { cpus, totalmem } from "node:os";

/** What this machine is. */
export interface Inventory {
  readonly hostname: string;
  /** Distribution and release, as "Debian GNU/Linux 12". */
  readonly system: string;
  readonly kernel: string;
  readonly arch: string;
  readonly cpus: number;
  readonly memoryTotalBytes: number;
}

/** Loads the package that knows only when asked: it is large, and this is rare. */
export async function readInventory(): Promise<Inventory> {
  const { default: si } = await import("systeminformation");
  const { hostname, distro, release, platform, kernel, arch } =
    await si.osInfo();
  return {
    hostname: hostname || "unknown",
    system: [distro || platform, release].filter(Boolean).join(" "),
    kernel,
    arch,
    cpus: cpus().length,
    memoryTotalBytes: totalmem(),
  };
}
