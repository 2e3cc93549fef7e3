import { expect } from "@jest/globals";
import { generateKey } from "../../../agent/trust/keys.js";
import type { TrustedRoot } from "../../../agent/trust/root.js";
import {
  draftAfter,
  publicHalf,
  signDraft,
  type Draft,
} from "../../../cloud/roots/ceremony.js";
import { addKey, readKeys } from "../../../cloud/roots/root-files.js";
import type { TestCloud } from "./cloud.js";
import { askAtDoor } from "./people.js";

/** Puts the next root into force, with new content and head keys. */
export const renew = (cloud: TestCloud) => publish(cloud, draftOf(cloud));

export async function renewed(cloud: TestCloud): Promise<TrustedRoot> {
  expect(await renew(cloud)).toMatchObject({ status: 201 });
  return cloud.signing.root;
}

/** As the command does: who may sign is for those who sign. */
export const publish = (cloud: TestCloud, { signed, signatures }: Draft) =>
  askAtDoor<unknown>(cloud, cloud.operator, [
    ...(["POST", "/roots", { signed, signatures }] as const),
  ]);

export function draftOf(cloud: TestCloud): Draft {
  const { document } = cloud.signing.root;
  const fresh = (["content", "head"] as const).map((role) => {
    const key = generateKey();
    addKey(cloud.dir, `${role}-${key.id}`, key);
    return { role, key: publicHalf(key) };
  });
  const { content, head } = document.roles;
  const remove = [...content.keys, ...head.keys];
  const changes = { add: fresh, remove, thresholds: {}, goodForMs: 1e9 };
  return signedHere(cloud, draftAfter(document, changes, Date.now()));
}

export function signedHere(cloud: TestCloud, draft: Draft): Draft {
  const { keys } = cloud.signing.root.document.roles.root;
  const own = readKeys(cloud.dir).find(({ id }) => keys.includes(id));
  return signDraft(draft, own!, "root");
}
