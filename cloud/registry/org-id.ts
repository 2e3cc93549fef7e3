import { ORG_ID } from "../../agent/model/position.js";
import { newId } from "../ids.js";

/**
 * An org's id out of its name: "Bäckerei Müller & Söhne" becomes
 * "baeckerei-mueller-soehne". A name that leaves nothing gets one that is drawn.
 */
export function orgIdFrom(name: string): string {
  const id = name
    .normalize("NFC")
    .toLowerCase()
    .replace(/\p{L}/gu, (letter) => LETTERS.get(letter) ?? letter)
    .normalize("NFD")
    .replace(/\p{M}+/gu, "")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, MOST)
    .replace(/-$/, "");
  return ORG_ID.test(id) ? id : newId("org");
}

/** What `ORG_ID` has room for. */
const MOST = 32;

/** Letters that are more than one with a mark, as they are written in ASCII. */
const LETTERS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    ...{ ä: "ae", ö: "oe", ü: "ue", ß: "ss", æ: "ae", œ: "oe", ø: "o" },
    ...{ ł: "l", đ: "d", ð: "d", þ: "th", ı: "i", ħ: "h", ŋ: "ng" },
    // Cyrillic
    ...{ а: "a", б: "b", в: "v", г: "g", ґ: "g", д: "d", е: "e", є: "ye" },
    ...{ ё: "yo", ж: "zh", з: "z", и: "i", і: "i", ї: "yi", й: "y", к: "k" },
    ...{ л: "l", м: "m", н: "n", о: "o", п: "p", р: "r", с: "s", т: "t" },
    ...{ у: "u", ф: "f", х: "kh", ц: "ts", ч: "ch", ш: "sh", щ: "shch" },
    ...{ ъ: "", ы: "y", ь: "", э: "e", ю: "yu", я: "ya" },
    // Greek
    ...{ α: "a", β: "v", γ: "g", δ: "d", ε: "e", ζ: "z", η: "i", θ: "th" },
    ...{ ι: "i", κ: "k", λ: "l", μ: "m", ν: "n", ξ: "x", ο: "o", π: "p" },
    ...{ ρ: "r", σ: "s", ς: "s", τ: "t", υ: "y", φ: "f", χ: "ch", ψ: "ps" },
    ...{ ω: "o", ά: "a", έ: "e", ή: "i", ί: "i", ό: "o", ύ: "y", ώ: "o" },
  }),
);
