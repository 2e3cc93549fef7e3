import type { Dropped } from "../log/drops.js";
import { SignInRefused, TryLater } from "./failures.js";
import type { Way } from "./sessions.js";

/** How sign-ins went since the start. */
export class SignInCounts {
  readonly #signIns: Record<Way, number> = { password: 0, passkey: 0, oidc: 0 };
  readonly #dropped: (what: Dropped) => void;
  #refused = 0;
  #tooMany = 0;

  constructor(dropped: (what: Dropped) => void) {
    this.#dropped = dropped;
  }

  signedIn(way: Way): void {
    this.#signIns[way] += 1;
  }

  /** Counts what is refused while somebody proves who they are. */
  async during<T>(act: () => Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof SignInRefused) {
        this.#refused += 1;
        this.#dropped("sign-ins-refused");
      } else if (error instanceof TryLater) {
        this.#tooMany += 1;
        this.#dropped("sign-ins-too-many");
      }
      throw error;
    }
  }

  report() {
    const { password, passkey, oidc } = this.#signIns;
    return {
      signIns: { password, passkey, oidc },
      ...{ refused: this.#refused, tooMany: this.#tooMany },
    };
  }
}
