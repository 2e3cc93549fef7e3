import { expect, it } from "@jest/globals";
import { ExportPlaces } from "../../../cloud/feeds/catalogue/export-places.js";

const of = (org: string | null, credential: string) => ({ org, credential });

it("has one place for an org, and for a credential of the vendor", () => {
  const places = new ExportPlaces();
  const acme = places.take(of("acme", "tok-1"));
  expect(() => places.take(of("acme", "tok-2"))).toThrow("one at a time");
  places.take(of(null, "tok-1"));
  expect(() => places.take(of(null, "tok-1"))).toThrow("one at a time");
  acme[Symbol.dispose]();
  places.take(of("acme", "tok-2"));
  expect(places.size).toBe(2);
});

it("keeps a place for the vendor, and for orgs", () => {
  const places = new ExportPlaces();
  for (const org of ["a", "b", "c"]) places.take(of(org, "tok-1"));
  expect(() => places.take(of("d", "tok-1"))).toThrow("ask again later");
  const vendor = places.take(of(null, "tok-1"));
  expect(() => places.take(of(null, "tok-2"))).toThrow("ask again later");
  vendor[Symbol.dispose]();
  places.take(of(null, "tok-2"));
});
