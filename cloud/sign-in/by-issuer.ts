import { networkOf, placeOf } from "../door/networks.js";
import { hashOf, newId, newSecret, sameHash } from "../ids.js";
import type { Logger } from "../../agent/log/logger.js";
import type { Clock } from "../../agent/runtime/clock.js";
import type { Decisions } from "../journal/decisions.js";
import type { OperatorEvent } from "../journal/operator-events.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import { MOST_OPERATORS } from "../operators/budgets.js";
import { isOperatorName, NAME_WORDS } from "../operators/names.js";
import type { Operator } from "../operators/operator.js";
import type { Operators } from "../operators/operators.js";
import { Buckets } from "../rate/buckets.js";
import { TokenBucket } from "../rate/token-bucket.js";
import {
  ANSWERS_IN_ALL,
  ANSWERS_OF_ONE_PLACE,
  MOST_COUNTED,
} from "./budgets.js";
import { SignInRefused } from "./failures.js";
import {
  Issuer,
  type Arrived,
  type Asked,
  type FetchOutside,
} from "./issuer.js";
import type { OidcSettings } from "./login-settings.js";
import { grantedBy, nameIn, type Granted } from "./role-claim.js";
import { takeOfEach } from "./tries.js";
import { UnderWay } from "./under-way.js";

export interface ByIssuerPorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly log: Pick<Logger, "warn">;
  readonly operators: Pick<Operators, "bySubject" | "named" | "byId" | "count">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  readonly hasOrg: (id: string) => boolean;
  /** Whose claims let them in no longer. */
  readonly lostAll: (operator: string) => void;
  readonly publicUrl: () => string;
  readonly fetchOutside: FetchOutside;
  /** Of the issuer's client. */
  readonly clientSecret: () => string | undefined;
}

/** Below the API. */
const OIDC_CALLBACK = "/api/v1/session/oidc/callback";

/** What somebody was sent to the issuer for. */
export interface Errand {
  /** The session that is to be stepped up; null: they are to sign in. */
  readonly stepUp: {
    readonly session: string;
    readonly operator: string;
  } | null;
  /** The path that they want to go to afterwards. */
  readonly to: string | null;
}

interface Sent extends Errand {
  readonly asked: Asked;
  /** Hash of what the same browser has as a cookie. */
  readonly browser: string;
}

/** Signing in at an issuer, and what the issuer's claims make of somebody. */
export class ByIssuer {
  readonly #settings: OidcSettings;
  readonly #issuer: Issuer;
  readonly #ports: ByIssuerPorts;
  readonly #sent: UnderWay<Sent>;
  readonly #places: Buckets;
  readonly #all: TokenBucket;

  constructor(settings: OidcSettings, ports: ByIssuerPorts) {
    const { publicUrl, clientSecret, log } = ports;
    this.#settings = settings;
    this.#ports = ports;
    this.#issuer = new Issuer(settings, {
      ...ports,
      secret: clientSecret,
      redirectUri: () => new URL(OIDC_CALLBACK, publicUrl()).href,
      failed: (error) => {
        log.warn("the issuer does not answer as it should", { error });
      },
    });
    this.#sent = new UnderWay(ports.clock);
    this.#places = new Buckets(ANSWERS_OF_ONE_PLACE, MOST_COUNTED, ports.clock);
    this.#all = new TokenBucket(ANSWERS_IN_ALL, ports.clock);
  }

  /**
   * @returns where to send the browser, and what it has to keep until it is back
   * @throws WayUnusable
   */
  async send(
    errand: Errand,
    from: string,
  ): Promise<{ readonly url: string; readonly browser: string }> {
    const { url, asked } = await this.#issuer.ask(errand.stepUp !== null);
    const browser = newSecret();
    const sent = { ...errand, asked, browser: hashOf(browser) };
    this.#sent.begin(asked.state, sent, networkOf(from));
    return { url: url.href, browser };
  }

  /**
   * Who came back, and what for.
   * @param browser what the browser kept
   * @throws SignInRefused, WayUnusable, TryLater
   */
  async back(
    query: string,
    browser: string | undefined,
    from: string,
  ): Promise<{
    readonly errand: Errand;
    readonly operator: Operator;
    readonly isFresh: boolean;
  }> {
    const state = new URLSearchParams(query).get("state") ?? "";
    const sent = this.#sent.take(state);
    // A link that somebody else began would sign the browser in as them.
    if (!sent || !browser || !sameHash(hashOf(browser), sent.browser)) {
      throw new SignInRefused(
        "this browser did not begin to sign in within the last minutes: begin again",
      );
    }
    // Anybody begins, and brings a code that they made up.
    takeOfEach(
      [this.#places.of(placeOf(from)), this.#all],
      "too many came back from the issuer",
    );
    const arrived = await this.#issuer.answer(query, sent.asked);
    const operator = await this.#operatorOf(arrived);
    const isOther = (sent.stepUp?.operator ?? operator.id) !== operator.id;
    if (isOther) {
      throw new SignInRefused("that was somebody else than who is signed in");
    }
    return { errand: sent, operator, isFresh: arrived.isFresh };
  }

  /** The operator with this subject, who may be new, as their claims have it now. */
  async #operatorOf(arrived: Arrived): Promise<Operator> {
    const { decisions } = this.#ports;
    const granted = grantedBy(arrived.claims, this.#settings);
    if (typeof granted?.org === "string" && !this.#ports.hasOrg(granted.org)) {
      throw new SignInRefused(
        `the settings put you into the org ${granted.org}, which is not there`,
      );
    }
    const id = await lookThenAppend(decisions, () => {
      const known = this.#known(arrived);
      if (granted === undefined) {
        if (known) this.#ports.lostAll(known.id);
        throw new SignInRefused(
          `the issuer knows you, but none of your ${this.#settings.claim} lets you in here`,
        );
      }
      if (known === undefined) return this.#joined(arrived, granted);
      return { events: changesOf(known, granted, arrived), answer: known.id };
    });
    const found = this.#ports.operators.byId(id);
    if (found?.disabledAt === null) return found;
    throw new SignInRefused(DISABLED);
  }

  /** @throws SignInRefused where somebody was sent away */
  #known({ issuer, subject }: Arrived): Operator | undefined {
    const [known] = this.#ports.operators.bySubject(issuer, subject);
    // Else who was disabled would come back as somebody new.
    if (known && known.disabledAt !== null) throw new SignInRefused(DISABLED);
    return known;
  }

  #joined({ issuer, subject, claims }: Arrived, { role, org }: Granted) {
    const { nameClaim } = this.#settings;
    const name = nameIn(claims, nameClaim);
    if (name === undefined || !isOperatorName(name)) {
      throw new SignInRefused(
        `the issuer's ${nameClaim} is no name for an operator: ${NAME_WORDS}`,
      );
    }
    const [other] = this.#ports.operators.named(name);
    if (other?.disabledAt === null) {
      throw new SignInRefused(
        `another operator is called ${name}: an admin has to rename or disable them first`,
      );
    }
    if (this.#ports.operators.count() >= MOST_OPERATORS) {
      throw new SignInRefused("there is no room for another operator here");
    }
    const operator = newId("opr");
    const joined: OperatorEvent = {
      ...{ kind: "operator-joined", operator, name, role, org },
      ...{ subject: { issuer, subject }, by: `oidc:${issuer}` },
    };
    return { events: [joined], answer: operator };
  }
}

const DISABLED = "you are disabled here: an admin may change that";

/** Nothing, where they are what they were. */
function changesOf(
  known: Operator,
  { role, org }: Granted,
  { issuer }: Arrived,
): OperatorEvent[] {
  if (known.role === role && known.org === org) return [];
  return [
    {
      ...{ kind: "operator-changed", operator: known.id, role, org },
      ...{ by: `oidc:${issuer}`, reason: "the issuer's claims changed" },
    },
  ];
}
