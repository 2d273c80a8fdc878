// What the use cases need from the world. Adapters implement these; the sandbox and the tests do too.
import type {
  AccessToken,
  AppId,
  AppSecret,
  AuthCode,
  Pin,
  RefreshToken,
} from './config/values.ts';
import type { Book } from './recording/book.ts';
import type { HoleReason } from './recording/coverage.ts';
import type { DepthField } from './recording/field-faults.ts';
import type { SessionPlan } from './market/phases.ts';
import type { ParameterName } from './config/names.ts';
import type { Instant } from './time.ts';

export interface Clock {
  now(): Instant;
  /**
   * Resolves at or after `at`; at once when `at` has passed; rejects with the signal's reason when aborted. Set back meanwhile,
   * the clock is not waited for again: it resolves before `at`, a second after the time that was left.
   */
  sleepUntil(at: Instant, signal: AbortSignal): Promise<void>;
}

/** Parameters or files. Absent is null; everything else that is not a value throws a `platform.*` error. */
export interface TokenStore {
  read(name: ParameterName): Promise<string | null>;
  write(name: ParameterName, value: string): Promise<void>;
}

/** Makes one mint at a time: `take` answers false when somebody holds the claim. */
export interface ClaimStore {
  take(claim: string, value: string): Promise<boolean>;
  read(claim: string): Promise<string | null>;
  remove(claim: string): Promise<void>;
}

export interface SecretReader {
  /** Null when no PIN is stored. */
  pin(): Promise<Pin | null>;
}

/** An app of one Fyers account; the pair that `appIdHash` is made from. */
export interface App {
  readonly id: AppId;
  readonly secret: AppSecret;
}

export type RefusedBy =
  'policy' | 'pin' | 'refresh-token' | 'app-secret' | 'auth-code' | 'unrecognised';

export type MintAnswer =
  | {
      readonly kind: 'minted';
      readonly accessToken: AccessToken;
      readonly refreshToken?: RefreshToken;
    }
  /** `detail` is the broker's own code and message, scrubbed of token material. */
  | { readonly kind: 'refused'; readonly by: RefusedBy; readonly detail: string }
  /** Sent, and no answer tells the result: it may have counted. `detail`: what came instead, scrubbed. */
  | { readonly kind: 'silent'; readonly detail?: string }
  /** Not sent, or the broker says that it did not work on it: it may be repeated. */
  | { readonly kind: 'unreachable'; readonly retryAfterMs?: number; readonly detail?: string }
  | Halted;

/** No call of the account is of use for a while, and another one may prolong that. Nothing was used up. */
export type Halted = {
  readonly detail: string;
} & (
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number | null }
  /** A gateway, a firewall or a proxy answered in the broker's place. */
  | { readonly kind: 'not-fyers' }
);

export type Proof =
  | {
      readonly kind: 'live';
      readonly fyId: string | null;
      /** What the broker answered in place of market depth, if that was asked for and refused. */
      readonly depthRefused?: string;
    }
  | { readonly kind: 'dead'; readonly detail?: string }
  /** The broker refuses the app or this machine, so it says nothing of the token. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail?: string }
  | Halted;

/** One call each; retrying is the caller's policy. */
export interface Broker {
  refresh(app: App, token: RefreshToken, pin: Pin, signal: AbortSignal): Promise<MintAnswer>;
  exchange(app: App, code: AuthCode, signal: AbortSignal): Promise<MintAnswer>;
  /**
   * Live: the broker accepted `<app>:<token>`, by the profile, or by a depth read if the app may not read the profile
   * (-373); `fyId` is null then.
   *
   * @param reads also `depth` where a harvester records with the token
   */
  prove(
    app: AppId,
    token: AccessToken,
    signal: AbortSignal,
    reads?: 'profile' | 'depth',
  ): Promise<Proof>;
}

/** What became of one symbol in one slot (`rest`), or one update (`tbt`, `hsm`). */
export type SlotResult = {
  readonly symbol: string;
  readonly slot: Instant;
  readonly sentAt: Instant;
  readonly receivedAt: Instant;
} & (
  | {
      readonly kind: 'book';
      readonly book: Book;
      /** Fields that are null because the answer's value cannot be used; absent: none. */
      readonly faults?: readonly DepthField[];
    }
  | {
      readonly kind: 'hole';
      readonly reason: HoleReason;
      readonly retryAfterMs?: number;
      /** What the broker answered, cleaned for a log. */
      readonly detail?: string;
    }
);

export type FeedName = 'rest' | 'tbt' | 'hsm' | 'replay';

/**
 * Live and replay are the same iterator. `rest` yields one batch a slot, and an empty one where a slot is still far; streams
 * what came since the last batch.
 */
export interface DepthFeed extends AsyncDisposable {
  readonly name: FeedName;
  /** @param symbols what the day's names stand for; without them the feed asks for what it was made for */
  observe(
    session: SessionPlan,
    token: () => AccessToken | null,
    signal: AbortSignal,
    symbols?: readonly string[],
  ): AsyncIterable<readonly SlotResult[]>;
}

export interface ObjectStore {
  /** `different` alarms and never overwrites. */
  putOnce(key: string, file: string, sha256: string): Promise<'stored' | 'same' | 'different'>;
  /** False when the key is absent. */
  get(key: string, toFile: string): Promise<boolean>;
}

/** For the operator. A channel may show the subject alone: it says what happened. */
export interface Message {
  /** Printable ASCII, at most 100 characters (Amazon SNS, "Publish": Subject). */
  readonly subject: string;
  /** Plain text. The link to press stands alone on its line. */
  readonly text: string;
}

/** All channels of the operator. Resolves when one of them has taken it. */
export interface Notifier {
  /** @throws FyersError `platform.message` naming each channel's problem */
  send(message: Message): Promise<void>;
  /** Somebody who would read a message: a confirmed subscription, or a Telegram chat. */
  hasListener(): Promise<boolean>;
}

/** Log line and metric; never throws. */
export interface Logger {
  log(event: LogRecord): void;
}

// The form of a business event. Each part has one function per event, its fields and its metric defined together:
// `token/events.ts` and `depth/events.ts`.

/** debug: told only where more was asked for. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/** One JSON line, and the metric that it moves. Nothing in it is ever token material. */
export interface LogRecord {
  readonly part: 'keeper' | 'harvester';
  readonly level: Level;
  readonly event: string;
  readonly message: string;
  readonly facts?: Readonly<Record<string, string | number | null>>;
  /** @property of tells repetitions of a fault apart from another one; absent: the event and its message */
  readonly metric?: { readonly name: string; readonly value: number; readonly of?: string };
}
