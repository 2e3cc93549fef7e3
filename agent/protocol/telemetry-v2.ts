import * as v from "valibot";
import { bytesAsJson, isObject, Name } from "./ext.js";
import { limits } from "./limits.js";
import { signedByDevice } from "./shared-messages.js";
import { Count } from "./shapes.js";
import { TelemetryItem } from "./telemetry.js";

/** Items as version 2 carries them: each says its version beside its kind. */

/** What changed after a receipt: a `Statement`, exactly as the device signed it. */
const StatementItem = v.strictObject({
  kind: v.literal("statement"),
  ...signedByDevice,
});
export type StatementItem = v.InferOutput<typeof StatementItem>;

/** An item of a kind or version that this program does not know, kept as it is. */
export interface OpaqueItem {
  readonly kind: "opaque";
  readonly item: Readonly<Record<string, unknown>>;
}

/** Whatever an agent may report; of version 1 only what `TelemetryItem` has. */
export type ReportedItem = TelemetryItem | StatementItem | OpaqueItem;

const known = [...TelemetryItem.options, StatementItem];

/** An item's own `version`, as an inventory has it of the program, is `program`. */
const fieldsOf = (entries: v.ObjectEntries): v.ObjectEntries => {
  const { version, ...fields } = entries;
  return version === undefined ? fields : { ...fields, program: version };
};

/** The kinds whose version 1 this program knows, as version 2 carries them. */
const versioned = new Map<string, v.GenericSchema>(
  known.map(({ entries }) => [
    entries.kind.literal,
    v.strictObject({ ...fieldsOf(entries), version: v.literal(1) }),
  ]),
);

const Unknown = v.pipe(
  v.looseObject({
    kind: Name,
    version: v.pipe(Count, v.minValue(1), v.maxValue(65_535)),
  }),
  v.check(
    (item) => bytesAsJson(item) <= limits.opaqueBytes,
    `has more than ${limits.opaqueBytes} bytes`,
  ),
);

const VersionedItem = v.lazy((input): v.GenericSchema => {
  const { kind, version } = isObject(input) ? input : {};
  if (typeof kind !== "string" || version !== 1) return Unknown;
  return versioned.get(kind) ?? Unknown;
});

/** An item of version 2, as the rest of the program knows it. */
export const ItemV2 = v.pipe(
  VersionedItem,
  v.transform((item): ReportedItem => {
    const { version, ...fields } = item as Record<string, unknown>;
    const isKnown = version === 1 && versioned.has(String(fields["kind"]));
    if (!isKnown) return { kind: "opaque", item: item as OpaqueItem["item"] };
    const { program, ...own } = fields;
    if (program === undefined) return fields as ReportedItem;
    return { ...own, version: program } as ReportedItem;
  }),
);

/** The same item as version 2 carries it. */
export function asItemV2(item: ReportedItem): object {
  if (item.kind === "opaque") return item.item;
  const { kind, ...fields } = item;
  if (!("version" in fields)) return { kind, version: 1, ...fields };
  const { version: program, ...own } = fields;
  return { kind, version: 1, ...own, program };
}
