import { randomBytes } from "node:crypto";
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
  VerifiedRegistrationResponse,
} from "@simplewebauthn/server";
import type { Clock } from "../../agent/runtime/clock.js";
import { networkOf } from "../door/networks.js";
import { newId } from "../ids.js";
import type { Database, Statement } from "../journal/database.js";
import type { Decisions } from "../journal/decisions.js";
import { lookThenAppend } from "../journal/look-then-append.js";
import type { Credential, Operator } from "../operators/operator.js";
import { isGood, type Operators } from "../operators/operators.js";
import { withoutAttestation } from "./attestation.js";
import { PASSKEYS_OF_ONE, UNDER_WAY_MS } from "./budgets.js";
import { BadChoice, SignInRefused } from "./failures.js";
import type { Proved } from "./passwords.js";
import { UnderWay } from "./under-way.js";

/** What a browser gives for a passkey that it made, or that it shows. */
export type PasskeyMade = RegistrationResponseJSON;
export type PasskeyShown = AuthenticationResponseJSON;

export interface PasskeyPorts {
  readonly clock: Pick<Clock, "now" | "monotonic">;
  readonly accounts: Database;
  readonly operators: Pick<Operators, "byId" | "credentials" | "passkey">;
  readonly decisions: Pick<Decisions, "level" | "append" | "catchUp">;
  /** What people call the cloud by. */
  readonly cloudName: string;
  /** Passkeys are made for its host, and good for no other. */
  readonly publicUrl: () => string;
  /** A passkey counted back: there may be two of it. */
  readonly countedBack: (credential: Credential) => void;
}

/** What a challenge was made for; whoever is null is not known yet. */
interface Challenge {
  readonly of: "creation" | "assertion";
  readonly operator: string | null;
}

/** Signing in with passkeys, of which the record has the public side. */
export class Passkeys {
  readonly #ports: PasskeyPorts;
  readonly #challenges: UnderWay<Challenge>;
  readonly #count: Statement<never>;

  constructor(ports: PasskeyPorts) {
    this.#ports = ports;
    this.#challenges = new UnderWay(ports.clock);
    // Passkeys that are synchronized do not count, and say 0 for ever.
    this.#count = ports.accounts.prepare(
      `INSERT INTO passkey_counters VALUES (@credential, @counter)
       ON CONFLICT DO UPDATE SET counter = excluded.counter
       WHERE excluded.counter > counter OR excluded.counter + counter = 0`,
    );
  }

  /** What a browser is to make a passkey by. */
  async creation({
    id,
    name,
  }: Operator): Promise<PublicKeyCredentialCreationOptionsJSON> {
    const { generateRegistrationOptions } = await webauthn();
    const { cloudName, publicUrl } = this.#ports;
    const challenge = randomBytes(32);
    const options = await generateRegistrationOptions({
      ...{ rpName: cloudName, rpID: new URL(publicUrl()).hostname, challenge },
      ...{ userID: new Uint8Array(Buffer.from(id)), userName: name },
      userDisplayName: name,
      ...{ attestationType: "none", timeout: UNDER_WAY_MS },
      authenticatorSelection: {
        residentKey: "required",
        userVerification: "required",
      },
      supportedAlgorithmIDs: ALGORITHMS,
      excludeCredentials: this.#of(id).map(({ passkey }) => ({
        id: passkey?.id ?? "",
      })),
    });
    const begun: Challenge = { of: "creation", operator: id };
    this.#challenges.begin(options.challenge, begun, id);
    return options;
  }

  /**
   * Takes a passkey into the record.
   * @param operator who makes it
   * @param receiver them, if it may be theirs as things stand when it is written
   * down
   * @returns the credential's id
   * @throws SignInRefused when it was not made for this; BadChoice when there are
   * too many, or it is there already; and what `receiver` throws
   */
  async add(
    operator: string,
    response: RegistrationResponseJSON,
    label: string,
    receiver: () => Operator,
  ): Promise<string> {
    const challenge = this.#begun(response.response.clientDataJSON);
    const isMeant =
      challenge?.of === "creation" && challenge.operator === operator;
    if (!isMeant) throw new SignInRefused(NOT_BEGUN);
    const made = await this.#made(response);
    const { id, publicKey, counter } = made;
    const transports = knownTransports(response.response.transports);
    const credential = newId("key");
    const passkey = { id, publicKey: base64url(publicKey), transports };
    const { decisions, operators } = this.#ports;
    await lookThenAppend(decisions, () => {
      const { id: whose, name } = receiver();
      if (operators.passkey(id) !== undefined) {
        throw new BadChoice("id", "this passkey is there already");
      }
      if (this.#of(whose).length >= PASSKEYS_OF_ONE) {
        throw new BadChoice(
          "id",
          `${name} has ${PASSKEYS_OF_ONE} passkeys already: revoke one first`,
        );
      }
      const added = {
        ...({ kind: "credential-added", of: "passkey" } as const),
        ...{ operator: whose, credential, label, passkey },
        ...{ expiresAt: null, by: name },
      };
      return { events: [added], answer: undefined };
    });
    this.#count.run({ credential, counter });
    return credential;
  }

  /**
   * What a browser is to show a passkey by.
   * @param operator who has to show one of theirs; undefined: anybody
   */
  async assertion(
    from: string,
    operator?: string,
  ): Promise<PublicKeyCredentialRequestOptionsJSON> {
    const { generateAuthenticationOptions } = await webauthn();
    const known = operator === undefined ? [] : this.#of(operator);
    const options = await generateAuthenticationOptions({
      rpID: new URL(this.#ports.publicUrl()).hostname,
      ...{ challenge: randomBytes(32), timeout: UNDER_WAY_MS },
      userVerification: "required",
      allowCredentials: known.map(({ passkey }) => ({ id: passkey?.id ?? "" })),
    });
    const begun: Challenge = { of: "assertion", operator: operator ?? null };
    const party = operator ?? networkOf(from);
    this.#challenges.begin(options.challenge, begun, party);
    return options;
  }

  /**
   * Whose passkey this is, which answers a challenge that was made for them.
   * @param operator as for `assertion`
   * @throws SignInRefused
   */
  async prove(
    response: AuthenticationResponseJSON,
    operator?: string,
  ): Promise<Proved> {
    const challenge = this.#begun(response.response.clientDataJSON);
    const isMeant =
      challenge?.of === "assertion" &&
      challenge.operator === (operator ?? null);
    if (!isMeant) throw new SignInRefused(NOT_BEGUN);
    const credential = this.#named(response);
    const { id, counter } = await this.#shown(response, credential);
    const { changes } = this.#count.run({ credential: id, counter });
    if (changes === 0) {
      this.#ports.countedBack(credential);
      throw new SignInRefused(NOT_GOOD);
    }
    // Looked at again: it may have been revoked meanwhile.
    const now = this.#named(response);
    const found = this.#ports.operators.byId(now.operator);
    if (found === undefined) throw new SignInRefused(NOT_GOOD);
    return { operator: found, credential: id };
  }

  #of(operator: string): readonly Credential[] {
    const now = this.#ports.clock.now();
    return this.#ports.operators
      .credentials(operator)
      .filter((each) => each.of === "passkey" && isGood(each, now));
  }

  /** The challenge that was answered, which is used up by that. */
  #begun(clientData: string): Challenge | undefined {
    const challenge = challengeIn(clientData);
    return challenge === undefined
      ? undefined
      : this.#challenges.take(challenge);
  }

  /** The passkey that somebody claims to have. */
  #named({ id, response }: AuthenticationResponseJSON): Credential {
    const credential = this.#ports.operators.passkey(id);
    if (credential === undefined) throw new SignInRefused(NOT_GOOD);
    const handle = base64url(Buffer.from(credential.operator));
    const isTheirs = (response.userHandle ?? handle) === handle;
    if (!isTheirs) throw new SignInRefused(NOT_GOOD);
    return credential;
  }

  async #made(response: RegistrationResponseJSON): Promise<Made> {
    try {
      const { verifyRegistrationResponse } = await webauthn();
      const verified = await verifyRegistrationResponse({
        response: await withoutAttestation(response),
        ...this.#expected(response.response.clientDataJSON),
        supportedAlgorithmIDs: ALGORITHMS,
      });
      if (!verified.verified) throw new SignInRefused(NOT_GOOD);
      return verified.registrationInfo.credential;
    } catch (cause) {
      throw new SignInRefused(NOT_GOOD, { cause });
    }
  }

  async #shown(
    response: AuthenticationResponseJSON,
    { id, passkey }: Credential,
  ): Promise<{ readonly id: string; readonly counter: number }> {
    if (passkey === null) throw new SignInRefused(NOT_GOOD);
    const publicKey = new Uint8Array(
      Buffer.from(passkey.publicKey, "base64url"),
    );
    try {
      const { verifyAuthenticationResponse } = await webauthn();
      const { verified, authenticationInfo } =
        await verifyAuthenticationResponse({
          response,
          ...this.#expected(response.response.clientDataJSON),
          // Its counter is looked at here, where it is kept.
          credential: { id: passkey.id, publicKey, counter: 0 },
        });
      if (!verified) throw new SignInRefused(NOT_GOOD);
      return { id, counter: authenticationInfo.newCounter };
    } catch (cause) {
      throw new SignInRefused(NOT_GOOD, { cause });
    }
  }

  #expected(clientData: string) {
    const { origin, hostname } = new URL(this.#ports.publicUrl());
    return {
      // That it is one of ours is known by now, and that it is used up.
      expectedChallenge: challengeIn(clientData) ?? "",
      expectedOrigin: origin,
      expectedRPID: hostname,
      requireUserVerification: true,
    };
  }
}

/**
 * Half of what a cloud would load at its start is this package and what it needs,
 * so it comes in with the first passkey.
 */
const webauthn = () => import("@simplewebauthn/server");

type Made = NonNullable<
  VerifiedRegistrationResponse["registrationInfo"]
>["credential"];

/** COSE's EdDSA, ES256 and RS256: every browser has one of them. */
const ALGORITHMS = [-8, -7, -257];

const NOT_BEGUN =
  "the passkey answers nothing that was asked of it within the last minutes";

const NOT_GOOD = "the passkey does not prove who you are";

function challengeIn(clientData: string): string | undefined {
  try {
    const text = Buffer.from(clientData, "base64url").toString("utf8");
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return undefined;
    if (!("challenge" in parsed)) return undefined;
    return typeof parsed.challenge === "string" ? parsed.challenge : undefined;
  } catch {
    return undefined;
  }
}

/** The others say nothing to a browser, and would stand in the record for ever. */
const knownTransports = (said: readonly string[] = []): readonly string[] =>
  TRANSPORTS.filter((each) => said.includes(each));

const TRANSPORTS = ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"];

const base64url = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString("base64url");
