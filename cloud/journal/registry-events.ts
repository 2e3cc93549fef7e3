/** Who of the customers' hosts is who: what came with 0.5.0. */

/** What an agent's host is called by beside its name; those before give way. */
export interface AgentTagged {
  readonly kind: "agent-tagged";
  readonly agent: string;
  readonly tags: readonly string[];
  /** An operator's name. */
  readonly by: string;
}
