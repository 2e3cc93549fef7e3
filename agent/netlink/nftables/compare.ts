import { attributesIn, type Attribute } from "../attributes.js";

/**
 * Whether the kernel lists what was written, as far as these attributes go. What
 * is zero says nothing: the kernel leaves some of it out, and adds other.
 * @param sent attributes as they were sent
 * @param told attributes as the kernel lists them
 */
export function saysTheSame(
  sent: Buffer,
  told: Buffer,
  types: readonly number[],
): boolean {
  const [mine, theirs] = [byType(sent), byType(told)];
  return types.every((type) => areSame(mine.get(type), theirs.get(type)));
}

function areSame(
  sent: readonly Attribute[] = [],
  told: readonly Attribute[] = [],
): boolean {
  if (sent.length === 0) return told.every(isZero);
  if (told.length === 0) return sent.every(isZero);
  if (sent.length !== told.length) return false;
  return sent.every(({ nested, bytes }, i) => {
    const other = told[i]?.bytes;
    if (other === undefined || !nested) return other?.equals(bytes) ?? false;
    const [mine, theirs] = [byType(bytes), byType(other)];
    const types = new Set([...mine.keys(), ...theirs.keys()]);
    return [...types].every((type) =>
      areSame(mine.get(type), theirs.get(type)),
    );
  });
}

const isZero = ({ bytes }: Attribute): boolean =>
  bytes.every((byte) => byte === 0);

function byType(bytes: Buffer): ReadonlyMap<number, readonly Attribute[]> {
  const found = new Map<number, Attribute[]>();
  for (const attribute of attributesIn(bytes)) {
    const others = found.get(attribute.type);
    if (others) others.push(attribute);
    else found.set(attribute.type, [attribute]);
  }
  return found;
}
