/** Where things lie on the host. */
export const layout = {
  configFolder: "/etc/tourniquet",
  config: "/etc/tourniquet/config.yaml",
  authority: "/etc/tourniquet/ca.pem",
  state: "/var/lib/tourniquet",
  identity: "/var/lib/tourniquet/identity.json",
  /** There where it is to run without a cloud. */
  standAlone: "/var/lib/tourniquet/stand-alone.json",
  units: "/etc/systemd/system",
  readersFolder: "/etc/tmpfiles.d/tourniquet.conf",
  catalogue: "/usr/lib/systemd/catalog/tourniquet.catalog",
  command: "/usr/local/bin/tourniquet",
} as const;

/** The daemon's own user and group. */
export const USER = "tourniquet";

/** Whose members may look, without being root. */
export const READERS = "tourniquet-read";

export const DAEMON = "tourniquet.service";
export const RESTORE = "tourniquet-restore.service";

/** The program's entry point in a version's folder. */
export const ENTRY = "dist/service/main.js";

export const versionsOf = (prefix: string): string => `${prefix}/versions`;
export const currentOf = (prefix: string): string => `${prefix}/current`;
