import { readFileSync } from "node:fs";
import { geoNaturalEarth1, geoPath } from "d3-geo";
import { feature } from "topojson-client";

/** Pixels, as the map is drawn; it is shown smaller. */
const WIDTH = 640;

/** Nobody attacks from there, and it takes a fifth of the map. */
const LEFT_OUT = new Set(["AQ", "TF"]);

/**
 * Has `virtual:world-map` be the countries' outlines, drawn as the page is built: what
 * draws them and what they are drawn from are several times as large.
 * @returns {import("vite").Plugin}
 */
export const worldMap = () => ({
  name: "world-map",
  resolveId: (id) => (id === "virtual:world-map" ? `\0${id}` : undefined),
  load: (id) => (id === "\0virtual:world-map" ? moduleOf(drawn()) : undefined),
});

const moduleOf = ({ outlines, width, height }) =>
  [
    `export const WIDTH = ${width};`,
    `export const HEIGHT = ${height};`,
    `export const OUTLINES = ${JSON.stringify(outlines)};`,
  ].join("\n");

function drawn() {
  const atlas = JSON.parse(
    readFileSync(
      new URL(import.meta.resolve("world-atlas/countries-110m.json")),
      "utf8",
    ),
  );
  const { features } = feature(atlas, atlas.objects.countries);
  const shown = features
    .map((each) => ({ each, code: codeOf(each.id) }))
    .filter(({ code }) => !LEFT_OUT.has(code));
  const all = {
    type: "FeatureCollection",
    features: shown.map(({ each }) => each),
  };
  const projection = geoNaturalEarth1().fitWidth(WIDTH, all);
  const path = geoPath(projection).digits(0);
  const [, [, bottom]] = path.bounds(all);
  const outlines = shown.map(({ each, code }) => [code, shorter(path(each))]);
  return { outlines, width: WIDTH, height: Math.ceil(bottom) };
}

/** The same lines by the steps from point to point, without those of no length. */
const shorter = (outline) =>
  outline
    .split("Z")
    .map((ring) => ringOf(ring.match(/-?\d+/g)?.map(Number) ?? []))
    .join("");

function ringOf([x, y, ...rest]) {
  let [atX, atY, steps] = [x, y, ""];
  for (let at = 0; at < rest.length; at += 2) {
    const step = [rest[at] - atX, rest[at + 1] - atY];
    if (step[0] === 0 && step[1] === 0) continue;
    [atX, atY] = [rest[at], rest[at + 1]];
    steps += step.map((each) => (each < 0 ? each : ` ${each}`)).join("");
  }
  return steps === "" ? "" : `M${x} ${y}l${steps.trimStart()}z`;
}

/** Two letters for three digits (ISO 3166); "": it has none. */
const codeOf = (digits) =>
  digits === undefined ? "" : (new Intl.Locale(`und-${digits}`).region ?? "");
