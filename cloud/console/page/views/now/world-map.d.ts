/** The countries, drawn as the page is built; see world-map.js. */
declare module "virtual:world-map" {
  export const WIDTH: number;
  export const HEIGHT: number;
  /** Two letters, or "" where there are none; and the path. */
  export const OUTLINES: readonly (readonly [string, string])[];
}
