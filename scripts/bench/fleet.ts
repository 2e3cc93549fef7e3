import { systemClock } from "../../agent/runtime/clock.js";
import { TestAgent } from "../../test/support/agent/test-agent.js";
import type { Enrolled } from "../../test/support/cloud/cloud.js";
import type { LabCloud } from "../lab/lab.js";

/** A host that speaks the protocol and has neither kernel nor disk. */
export interface SimulatedHost {
  readonly who: Enrolled;
  readonly link: TestAgent;
}

/**
 * So many hosts of so many orgs, in turns, each with a device key and a connection
 * of its own: as many as one process can play.
 */
export class Fleet implements Disposable {
  readonly hosts: readonly SimulatedHost[];

  private constructor(hosts: readonly SimulatedHost[]) {
    this.hosts = hosts;
  }

  static async join(
    cloud: LabCloud,
    { orgs, hosts }: { readonly orgs: number; readonly hosts: number },
  ): Promise<Fleet> {
    const joined: SimulatedHost[] = [];
    for (let org = 0; org < orgs; org++) {
      await cloud.addOrg(`org-${org}`, `Org ${org}`);
    }
    for (let index = 0; index < hosts; index++) {
      const who = await cloud.enrol(`org-${index % orgs}`, {
        hostname: `host-${index}`,
      });
      joined.push({ who, link: await TestAgent.connect(cloud, who) });
      await systemClock.sleep(BETWEEN_MS);
    }
    return new Fleet(joined);
  }

  [Symbol.dispose](): void {
    for (const { link } of this.hosts) link[Symbol.dispose]();
  }
}

/** They all come from one address, and the door lets 150 a second in from it. */
const BETWEEN_MS = 12;
