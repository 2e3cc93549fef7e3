/**
 * Names of what agents and clouds of version 2 can do, each as PROTOCOL.md,
 * Capabilities, has it. What claims one is held to it.
 */

/** What this agent says in its hello; `policy` only where the host takes one. */
export const agentCapabilities: readonly string[] = [
  "carry",
  "log",
  "requests",
  "rings",
  "statements",
];

/** What every cloud of this version says in its welcome. */
export const cloudCapabilities: readonly string[] = [
  "carry",
  "policy",
  "requests",
  "rings",
  "statements",
];

/** That an agent goes by what its org's policy says. */
export const POLICY = "policy";
