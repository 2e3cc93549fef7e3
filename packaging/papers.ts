import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { manifestOf } from "../installer/program.js";
import type { ShippedNode } from "./node.js";
import { DEBIAN, filesUnder, PROGRAM, put } from "./tree.js";

export interface Subject {
  readonly tree: string;
  readonly node: ShippedNode & { readonly folder: string };
  readonly version: string;
  /** Of all that is in the package, in seconds since 1970. */
  readonly epoch: number;
  /** What comes from elsewhere than the tree, by its path in the program. */
  readonly brought: ReadonlyMap<string, string>;
}

/** Something of others that the package brings. */
interface Component {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  /** As package URLs write it. */
  readonly purl: string;
  /** SHA-512 in hex of the archive that it came in; undefined where none is known. */
  readonly sha512: string | undefined;
  /** The text of its licence, whatever its author gave with it. */
  readonly text: string;
}

/** Writes what is known of the package's content: licences, bill of materials, news. */
export function placePapers(root: string, subject: Subject): void {
  const components = componentsOf(root, subject);
  const doc = "usr/share/doc/tourniquet";
  put(root, `${doc}/copyright`, copyrightOf(components));
  put(root, `${doc}/sbom.cdx.json.gz`, zipped(sbomOf(components, subject)));
  put(root, `${doc}/changelog.gz`, zipped(changelogOf(subject)));
  const overrides = join(subject.tree, DEBIAN, "lintian-overrides");
  put(root, "usr/share/lintian/overrides/tourniquet", readFileSync(overrides));
}

/** The same bytes at any time and place: no name and no date goes into it. */
export const zipped = (text: string): Buffer => gzipSync(text, { level: 9 });

function componentsOf(
  root: string,
  { tree, node, brought }: Subject,
): readonly Component[] {
  const program = join(root, PROGRAM);
  const lock = JSON.parse(
    readFileSync(join(tree, "package-lock.json"), "utf8"),
  ) as Lock;
  const packages = filesUnder(join(program, "node_modules"))
    .filter((path) =>
      /(^|\/node_modules\/)(@[^/]+\/)?[^/]+\/package\.json$/.test(path),
    )
    .map((path) => join("node_modules", dirname(path)));
  return [
    {
      ...{ name: "node", version: node.version, license: "MIT AND others" },
      purl: `pkg:npm/${node.npm}@${node.version}`,
      sha512: hexOf(node.integrity),
      text: readFileSync(join(node.folder, "LICENSE"), "utf8"),
    },
    ...packages.map((path) => {
      const folder = brought.get(path) ?? join(tree, path);
      const { name, version, license } = manifestOf(folder);
      return {
        ...{ name, version, license: license ?? "see its text" },
        purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
        sha512: hexOf(lock.packages[path]?.integrity),
        text: licenceText(folder),
      };
    }),
  ];
}

interface Lock {
  readonly packages: Readonly<Record<string, { readonly integrity?: string }>>;
}

function hexOf(integrity: string | undefined): string | undefined {
  const [, digest] = /^sha512-(.+)$/.exec(integrity ?? "") ?? [];
  return digest && Buffer.from(digest, "base64").toString("hex");
}

function licenceText(folder: string): string {
  const names = readdirSync(folder).filter((name) =>
    /^(licen[cs]e|copying|notice)/i.test(name),
  );
  const readme = join(folder, "README.md");
  const said =
    names.length === 0 && existsSync(readme)
      ? [
          /\n#+ licen[cs]e\s[^]*$/i.exec(readFileSync(readme, "utf8"))?.[0] ??
            "",
        ]
      : names.sort().map((name) => readFileSync(join(folder, name), "utf8"));
  return said.join("\n").trim();
}

function copyrightOf(components: readonly Component[]): string {
  const parts = components.map(
    ({ name, version, license, text }) =>
      `${RULER}\n${name} ${version}, licence: ${license}\n${RULER}\n\n${text}\n`,
  );
  return `${OURS}\n${parts.join("\n")}`;
}

const RULER = "-".repeat(70);
const OURS = `tourniquet

Copyright: the authors of tourniquet
Licence: Apache-2.0; its text is in /usr/share/common-licenses/Apache-2.0

The package brings the following programs of others, under /usr/lib/tourniquet.
What each is, where it came from and its digest: sbom.cdx.json.gz beside this.
`;

/** CycloneDX 1.5, without a serial number: equal content, equal bytes. */
function sbomOf(components: readonly Component[], subject: Subject): string {
  const { version, epoch } = subject;
  const bom = {
    bomFormat: "CycloneDX",
    specVersion: "1.5",
    version: 1,
    metadata: {
      timestamp: new Date(epoch * 1000).toISOString(),
      component: {
        ...{ type: "application", name: "tourniquet", version },
        licenses: [{ license: { id: "Apache-2.0" } }],
      },
    },
    components: components.map(({ name, license, sha512, ...rest }) => ({
      ...{ type: "library", name, version: rest.version, purl: rest.purl },
      licenses: [{ license: { name: license } }],
      ...(sha512 && { hashes: [{ alg: "SHA-512", content: sha512 }] }),
    })),
  };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

/** Debian's tools read the version and the date there; the news is ours. */
function changelogOf({ version, epoch }: Subject): string {
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return `tourniquet (${version}) stable; urgency=medium

  * What is new: the CHANGELOG of version ${version}.

 -- ${MAINTAINER}  ${date}
`;
}

/** Whoever sells a package of his own says so here. */
export const MAINTAINER =
  process.env["TOURNIQUET_MAINTAINER"] ??
  "The tourniquet authors <tourniquet@localhost.localdomain>";
