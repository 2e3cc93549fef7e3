import { readFile } from "node:fs/promises";
import { CLOCK_BOOTTIME, CLOCK_MONOTONIC, loadLibc } from "../runtime/libc.js";

/** One run of this machine's kernel, from its start to its end. */
export interface Boot {
  /** Another number for every boot; 48 bits that the kernel drew. */
  readonly id: number;
  /** Milliseconds since the boot, also while the host was suspended. */
  elapsed(): number;
  /** Milliseconds since the boot that it was awake: what kernel timeouts count. */
  awake(): number;
}

/**
 * The boot under way. Where the kernel has no name for it, or no clock that goes
 * on in suspend, a boot is taken to begin now, and to end with this process.
 */
export async function openBoot(path = BOOT_ID): Promise<Boot> {
  try {
    const id = idOf(await readFile(path, "utf8"));
    const libc = await loadLibc();
    const elapsed = () => libc.clock(CLOCK_BOOTTIME);
    elapsed(); // fails here or never
    return { id, elapsed, awake: () => libc.clock(CLOCK_MONOTONIC) };
  } catch {
    const start = performance.now();
    const sinceThen = () => performance.now() - start;
    return { id: drawn(), elapsed: sinceThen, awake: sinceThen };
  }
}

const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** A UUID's first 48 bits: all of them random, and SQLite and JSON hold them. */
function idOf(text: string): number {
  const digits = text.replaceAll("-", "").slice(0, 12);
  if (!/^[0-9a-f]{12}$/.test(digits)) throw new Error("not the id of a boot");
  return parseInt(digits, 16);
}

const drawn = () => idOf(crypto.randomUUID());
