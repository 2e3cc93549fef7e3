import ts from "typescript";

export type Schema = { readonly [key: string]: unknown };

/** What one interface of a file says, as JSON Schema: a schema for each property. */
export interface Described {
  readonly properties: Readonly<Record<string, Schema>>;
  /** Of types that have a name, what `$ref` names. */
  readonly defs: Readonly<Record<string, Schema>>;
}

/**
 * Reads types as the compiler sees them, and says which JSON they come out as.
 * @throws Error when the file has no such interface, or JSON has no such type
 */
export function describeInterface(file: string, name: string): Described {
  const options: ts.CompilerOptions = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
    types: ["node"],
  };
  const program = ts.createProgram([file], options);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const found = source?.statements.find(
    (each): each is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(each) && each.name.text === name,
  );
  if (found === undefined) throw new Error(`${file} has no interface ${name}`);
  const walk = new Walk(checker, found);
  const properties = walk.propertiesOf(checker.getTypeAtLocation(found));
  return { properties, defs: Object.fromEntries([...walk.defs].sort(byName)) };
}

const byName = (
  [a]: readonly [string, Schema],
  [b]: readonly [string, Schema],
) => (a < b ? -1 : 1);

const PLAIN: readonly (readonly [ts.TypeFlags, string])[] = [
  [ts.TypeFlags.Null, "null"],
  [ts.TypeFlags.StringLike, "string"],
  [ts.TypeFlags.NumberLike, "number"],
  [ts.TypeFlags.BooleanLike, "boolean"],
];

class Walk {
  readonly defs = new Map<string, Schema>();
  readonly #named = new Map<string, ts.Type>();
  readonly #checker: ts.TypeChecker;
  readonly #at: ts.Node;

  constructor(checker: ts.TypeChecker, at: ts.Node) {
    this.#checker = checker;
    this.#at = at;
  }

  propertiesOf(type: ts.Type): Record<string, Schema> {
    return Object.fromEntries(
      this.#checker.getPropertiesOfType(type).map((property) => {
        const of = this.#checker.getTypeOfSymbolAtLocation(property, this.#at);
        return [property.name, this.#told(property, this.schemaOf(of))];
      }),
    );
  }

  /** With what is written above it. */
  #told(symbol: ts.Symbol, schema: Schema): Schema {
    const text = ts
      .displayPartsToString(symbol.getDocumentationComment(this.#checker))
      .replace(/\s+/g, " ");
    if (text === "") return schema;
    return { description: text, ...schema };
  }

  schemaOf(type: ts.Type): Schema {
    const name = nameOf(type);
    const known = name === undefined ? undefined : this.#named.get(name);
    // Of two types with one name, the first has it.
    if (name === undefined || (known !== undefined && known !== type)) {
      return this.#inline(type);
    }
    if (known === undefined) {
      this.#named.set(name, type);
      const symbol = type.aliasSymbol ?? type.symbol;
      this.defs.set(name, this.#told(symbol, this.#inline(type)));
    }
    return { $ref: `#/$defs/${name}` };
  }

  #inline(type: ts.Type): Schema {
    const { flags } = type;
    if (flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return {};
    if (type.isUnion()) return this.#union(type.types);
    if (type.isIntersection()) return this.#intersection(type);
    if (flags & ts.TypeFlags.Object) return this.#object(type);
    return this.#plain(type);
  }

  #plain(type: ts.Type): Schema {
    if (type.isStringLiteral() || type.isNumberLiteral()) {
      return { const: type.value };
    }
    const text = this.#checker.typeToString(type);
    if (type.flags & ts.TypeFlags.BooleanLiteral) {
      return { const: text === "true" };
    }
    const plain = PLAIN.find(([flag]) => type.flags & flag);
    if (plain === undefined) throw new Error(`no JSON for ${text}`);
    return { type: plain[1] };
  }

  /** What is undefined is not there at all. */
  #union(types: readonly ts.Type[]): Schema {
    const said = types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined));
    const all = said.map((each) => this.schemaOf(each));
    const values = all.flatMap((each) =>
      "const" in each ? [each["const"]] : [],
    );
    const rest = all.filter((each) => !("const" in each));
    const isBoolean = values.includes(true) && values.includes(false);
    const others = values.filter(
      (value) => !isBoolean || typeof value !== "boolean",
    );
    const parts: readonly Schema[] = [
      ...(isBoolean ? [{ type: "boolean" }] : []),
      ...(others.length > 0 ? [{ enum: others }] : []),
      ...rest,
    ];
    const [only] = parts;
    return parts.length === 1 && only !== undefined ? only : { anyOf: parts };
  }

  /** A text or number with a brand is a text or number. */
  #intersection(type: ts.IntersectionType): Schema {
    const plain = type.types.find(
      ({ flags }) =>
        flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike),
    );
    return plain === undefined ? this.#object(type) : this.schemaOf(plain);
  }

  #object(type: ts.Type): Schema {
    const checker = this.#checker;
    if (checker.isTupleType(type)) {
      const each = checker.getTypeArguments(type as ts.TypeReference);
      const items = each.map((item) => this.schemaOf(item));
      return { type: "array", prefixItems: items, minItems: items.length };
    }
    if (checker.isArrayType(type)) {
      const [item] = checker.getTypeArguments(type as ts.TypeReference);
      return {
        type: "array",
        ...(item === undefined ? {} : { items: this.schemaOf(item) }),
      };
    }
    const values = type.getStringIndexType();
    if (values !== undefined) {
      return { type: "object", additionalProperties: this.schemaOf(values) };
    }
    const properties = this.propertiesOf(type);
    const required = checker
      .getPropertiesOfType(type)
      .filter((property) => !this.#mayBeAbsent(property))
      .map(({ name }) => name);
    return { type: "object", properties, required };
  }

  #mayBeAbsent(property: ts.Symbol): boolean {
    if (property.flags & ts.SymbolFlags.Optional) return true;
    const of = this.#checker.getTypeOfSymbolAtLocation(property, this.#at);
    return (
      of.isUnion() &&
      of.types.some(({ flags }) => flags & ts.TypeFlags.Undefined)
    );
  }
}

/** Of a type that is ours; what is made of others by a pattern has none. */
function nameOf(type: ts.Type): string | undefined {
  if (type.aliasTypeArguments !== undefined) return undefined;
  const symbol =
    type.aliasSymbol ?? (type.isClassOrInterface() ? type.symbol : undefined);
  const [declared] = symbol?.declarations ?? [];
  if (symbol === undefined || declared === undefined) return undefined;
  const isOurs = !declared.getSourceFile().fileName.includes("node_modules");
  return isOurs ? symbol.name : undefined;
}
