/** What the process that attacks is told. */
export interface Target {
  readonly seconds: number;
  /** Of the cloud. */
  readonly url: string;
  readonly cloudAddress: string;
  readonly port: number;
  readonly ca: string | undefined;
  /** Enrolment tokens of customers whose hosts the attacker has. */
  readonly tokens: readonly string[];
  /** Of the honest host. */
  readonly hostAddress: { readonly 4: string; readonly 6: string };
  readonly mac: string;
  /** Index of the attacker's own network device. */
  readonly device: number;
  /** Where the host believes its cloud to be, if the attacker is in between. */
  readonly pathPort: number | undefined;
  readonly log: string;
  readonly stateDir: string;
}

/** Whether the time of an attack is over. */
export function clockFor({ seconds }: Pick<Target, "seconds">): {
  readonly goesOn: () => boolean;
} {
  const end = performance.now() + seconds * 1000;
  return { goesOn: () => performance.now() < end };
}
