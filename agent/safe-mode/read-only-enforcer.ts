import { NotEnforced, type Enforcer } from "../enforce/enforcer.js";

/** Nothing is changed while the agent is in safe mode. */
export class EnforcementSuspended extends NotEnforced {
  constructor() {
    super("the agent is in safe mode and leaves the kernel as it is");
  }
}

/**
 * The kernel as it is: it can be read, and nothing can be changed in it. What is
 * let through is named one by one, so that no new way to change it slips in.
 */
export function readOnly(enforcer: Enforcer): Enforcer {
  return {
    read: () => enforcer.read(),
    apply: refuse,
    rebuild: refuse,
    setPosture: refuse,
    rejects: enforcer.rejects,
    protect: () => Promise.resolve(), // new addresses of the host are no failure
    cleanUp: refuse,

    repairScaffold: refuse,
    inspect: () => enforcer.inspect(),
    compare: (label, entries) => enforcer.compare(label, entries),
    listEntries: (listing) => enforcer.listEntries(listing),
    watch: (watcher) => enforcer.watch(watcher),

    hits: () => enforcer.hits(),
    totals: () => enforcer.totals(),
    makeRoom: refuse,
    packetCount: (packets) => enforcer.packetCount(packets),
    told: enforcer.told,

    hasBan: (cidrs) => enforcer.hasBan(cidrs),
    wouldDrop: (addresses) => enforcer.wouldDrop(addresses),

    [Symbol.asyncDispose]: () => enforcer[Symbol.asyncDispose](),
  };
}

const refuse = () => Promise.reject(new EnforcementSuspended());
