import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

/** What a hash costs: 128 · N · r bytes of memory, 128 MiB here. */
interface Cost {
  /** log2 of N. */
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** What OWASP names first for scrypt. */
const COST: Cost = { ln: 17, r: 8, p: 1 };

/** A password as it is kept: `$scrypt$ln=17,r=8,p=1$salt$hash`. */
export async function hashed(password: string): Promise<string> {
  const salt = randomBytes(16);
  const { ln, r, p } = COST;
  const hash = await derived(password, salt, COST);
  return `$scrypt$ln=${ln},r=${r},p=${p}$${plain(salt)}$${plain(hash)}`;
}

/**
 * Whether this is the password that was kept. Of nobody's password (undefined) it
 * is found out just as slowly that it is not.
 */
export async function matches(
  password: string,
  kept: string | undefined,
): Promise<boolean> {
  const { cost, salt, hash } = parsed(kept ?? NOBODYS);
  const found = await derived(password, salt, cost);
  return timingSafeEqual(found, hash) && kept !== undefined;
}

function parsed(kept: string) {
  const [, ln, r, p, salt = "", hash = ""] = FORM.exec(kept) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  return {
    cost,
    salt: Buffer.from(salt, "base64"),
    hash: Buffer.from(hash, "base64"),
  };
}

const FORM =
  /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([\w+/]{22})\$([\w+/]{43})$/;

/** The PHC format has base64 without its padding. */
const plain = (bytes: Buffer): string =>
  bytes.toString("base64").replace(/=+$/, "");

const NOBODYS = `$scrypt$ln=${COST.ln},r=${COST.r},p=${COST.p}$${"A".repeat(22)}$${"A".repeat(43)}`;

/** Away from the event loop. */
function derived(
  password: string,
  salt: Buffer,
  { ln, r, p }: Cost,
): Promise<Buffer> {
  // The same text has several spellings in Unicode: keyboards differ in them.
  const text = password.normalize("NFKC");
  const N = 2 ** ln;
  const options = { N, r, p, maxmem: 2 * 128 * N * r };
  return new Promise((resolve, reject) => {
    scrypt(text, salt, 32, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
