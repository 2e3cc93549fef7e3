import { isVendor, may } from "../session.js";

/** A view that the navigation, the palette and the keys lead to. */
export interface Place {
  readonly name: string;
  readonly view: string;
  /** The key that goes there, after `g`. */
  readonly key: string;
  readonly isFor: () => boolean;
}

const everybody = () => may("viewer");
const vendor = () => isVendor.value && may("viewer");

/** In the order of the navigation. */
export const PLACES: readonly Place[] = [
  { name: "Now", view: "/", key: "n", isFor: everybody },
  { name: "Attackers", view: "/attackers", key: "a", isFor: everybody },
  { name: "Decisions", view: "/decisions", key: "d", isFor: everybody },
  { name: "Bans", view: "/bans", key: "b", isFor: () => may("partner") },
  { name: "Proposals", view: "/proposals", key: "p", isFor: everybody },
  { name: "Contests", view: "/contests", key: "c", isFor: vendor },
  { name: "Fleet", view: "/fleet", key: "f", isFor: everybody },
  { name: "Rules", view: "/rules", key: "r", isFor: vendor },
  { name: "Lists", view: "/lists", key: "l", isFor: everybody },
  { name: "Audit", view: "/audit", key: "u", isFor: vendor },
  { name: "Report", view: "/report", key: "m", isFor: everybody },
  {
    name: "Settings",
    view: "/settings",
    key: "s",
    isFor: () => may("partner"),
  },
];

export const ownPlaces = (): readonly Place[] =>
  PLACES.filter(({ isFor }) => isFor());

/** Where one lands: partners see bans, and nothing of what happens now. */
export const firstPlace = (): string => ownPlaces()[0]?.view ?? "/settings";
