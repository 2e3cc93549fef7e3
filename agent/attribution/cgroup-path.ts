/** Where a process lives: its unit, and the container it is in. */
export interface Place {
  readonly unit: string | undefined;
  /** Whether a user's own manager of services runs the unit. */
  readonly ofUser: boolean;
  readonly container: string | undefined;
}

/**
 * Reads `/proc/PID/cgroup`, of either version of control groups. The lines may
 * say different things: a container engine may use a controller of its own, so
 * the first line that names a container, and the first that names a unit, win.
 */
export function placeOfProcess(text: string): Place {
  const places = pathsIn(text).map(placeOfPath);
  const withUnit = places.find(({ unit }) => unit !== undefined);
  return {
    unit: withUnit?.unit,
    ofUser: withUnit?.ofUser ?? false,
    container: places.find(({ container }) => container !== undefined)
      ?.container,
  };
}

/** Reads one path of a control group, such as "/system.slice/ssh.service". */
export function placeOfPath(path: string): Place {
  const parts = path.split("/").filter((part) => part !== "" && part !== "..");
  const at = parts.findLastIndex((_, i) => containerIn(parts, i) !== undefined);
  const units = parts.slice(at + 1).filter((part) => UNIT.test(part));
  return {
    unit: units.at(-1),
    ofUser: units.some((unit) => MANAGER.test(unit)),
    container: containerIn(parts, at),
  };
}

/** The unified hierarchy first, then systemd's own, then the controllers'. */
function pathsIn(text: string): readonly string[] {
  const lines = text.split("\n", MOST_LINES).flatMap((line) => {
    const [, hierarchy, controllers, path] = LINE.exec(line) ?? [];
    if (path === undefined) return [];
    const rank = hierarchy === "0" ? 0 : controllers === "name=systemd" ? 1 : 2;
    return [{ rank, path }];
  });
  return lines.sort((a, b) => a.rank - b.rank).map(({ path }) => path);
}

function containerIn(parts: readonly string[], at: number): string | undefined {
  const part = parts[at];
  if (part === undefined || part.includes("-conmon-")) return undefined;
  const id = CONTAINER_ID.exec(part)?.[1];
  if (id !== undefined) return id.slice(0, SHORT_ID);
  const name = NAMED.map((named) => named.exec(part)?.[1]).find(Boolean);
  if (name !== undefined) return name;
  return parts[at - 1] === "lxc" || parts[at - 1] === "lxc.payload"
    ? part
    : undefined;
}

const LINE = /^(\d+):([^:]*):(\/.*)$/;

/** Far more than there are controllers. */
const MOST_LINES = 64;

/** Docker, Podman, containerd, CRI-O: alone, or as "docker-….scope". */
const CONTAINER_ID = /^(?:[a-z][a-z-]*-)?([0-9a-f]{64})(?:\.scope)?$/;

/** As these tools show it themselves. */
const SHORT_ID = 12;

/** Containers that have names of their own: LXC and systemd-nspawn. */
const NAMED = [
  /^lxc\.payload\.(.+)$/,
  /^systemd-nspawn@(.+)\.service$/,
  /^machine-(.+)\.scope$/,
];

/** The manager of a user, by his number; his units are within its own. */
const MANAGER = /^user@.+\.service$/;

const UNIT = /^[^/]+\.(?:service|scope|socket|mount|swap)$/;
