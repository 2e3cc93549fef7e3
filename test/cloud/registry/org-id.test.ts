import { describe, expect, it } from "@jest/globals";
import { orgIdFrom } from "../../../cloud/registry/org-id.js";

describe("an org's id", () => {
  it.each([
    ["Example Hosting Ltd.", "example-hosting-ltd"],
    ["Bäckerei Müller & Söhne GmbH", "baeckerei-mueller-soehne-gmbh"],
    ["Ba\u0308ckerei", "baeckerei"],
    ["Crédit Agricole – Île-de-France", "credit-agricole-ile-de-france"],
    ["Łódź Straße Øst", "lodz-strasse-ost"],
    ["Киев-Хостинг", "kiev-khosting"],
    ["Ελλάδα", "ellada"],
    ["  --a--  ", "a"],
    [`${"x".repeat(31)} y`, "x".repeat(31)],
  ])("of %s is %s", (name, id) => {
    expect(orgIdFrom(name)).toBe(id);
  });

  it("is drawn where nothing of the name is left", () => {
    expect(orgIdFrom("株式会社")).toMatch(/^org-[0-9a-f]{16}$/);
  });
});
