import { startTestCloud, type TestCloud } from "./cloud.js";
import { letIn } from "./people.js";

export interface SomeBans {
  readonly cloud: TestCloud;
  /** The token of somebody at acme who only looks. */
  readonly viewer: string;
}

/** A cloud of two customers, with bans for everybody and for each of them. */
export async function cloudWithBans(reasons: {
  /** Of 203.0.113.9. */
  readonly first: string;
  /** Of 2001:db8::7. */
  readonly last: string;
}): Promise<SomeBans> {
  const cloud = await startTestCloud();
  await cloud.enrol("acme", "web1");
  await cloud.enrol("globex", "web9");
  await cloud.ban("203.0.113.9", { for: "2h", reason: reasons.first });
  await cloud.ban("203.0.113.1", { feed: "org/acme", observe: true });
  await cloud.ban("198.51.100.5", { feed: "org/globex", for: "30d" });
  await cloud.ban("2001:db8::7", { for: "1h", reason: reasons.last });
  const joining = { name: "vera", role: "viewer", org: "acme" } as const;
  return { cloud, viewer: (await letIn(cloud, joining)).token };
}
