// Declares the ports of the use cases. Adapters implement them, and so do the sandbox and the tests.
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
import type { FrameMark } from './stream/frame-log.ts';
import type { Instant } from './time.ts';

export interface Clock {
  now(): Instant;
  /**
   * Resolves at or after `at`, or at once if `at` has passed; rejects with the signal's reason when aborted. If the clock is
   * set back during the wait, it resolves before `at`: one second after the time that was left.
   */
  sleepUntil(at: Instant, signal: AbortSignal): Promise<void>;
}

/** Parameters or files. Returns null if the value is absent; every other failure throws a `platform.*` error. */
export interface TokenStore {
  read(name: ParameterName): Promise<string | null>;
  write(name: ParameterName, value: string): Promise<void>;
}

/** Limits minting to one run at a time: `take` returns false if another run holds the claim. */
export interface ClaimStore {
  take(claim: string, value: string): Promise<boolean>;
  read(claim: string): Promise<string | null>;
  remove(claim: string): Promise<void>;
}

export interface SecretReader {
  /** Null if no PIN is stored. */
  pin(): Promise<Pin | null>;
}

/** An app of one Fyers account; `appIdHash` is computed from this pair. */
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
  /**
   * Sent, but without a usable answer: the broker may have counted the call. `detail`: the scrubbed text received
   * instead.
   */
  | { readonly kind: 'silent'; readonly detail?: string }
  /** Not sent, or not processed according to the broker: it may be repeated. */
  | { readonly kind: 'unreachable'; readonly retryAfterMs?: number; readonly detail?: string }
  | Halted;

/** All calls of the account fail for a while, and another call may prolong that. The code or token was not used up. */
export type Halted = {
  readonly detail: string;
} & (
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number | null }
  /** A gateway, a firewall or a proxy answered instead of the broker. */
  | { readonly kind: 'not-fyers' }
);

export type Proof =
  | {
      readonly kind: 'live';
      readonly fyId: string | null;
      /** The broker's answer, if market depth was requested and refused. */
      readonly depthRefused?: string;
    }
  | { readonly kind: 'dead'; readonly detail?: string }
  /** The broker refuses the app or this machine, so the token's state is unknown. */
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unreachable'; readonly detail?: string }
  | Halted;

/** Each method makes one call; the caller decides about retries. */
export interface Broker {
  refresh(app: App, token: RefreshToken, pin: Pin, signal: AbortSignal): Promise<MintAnswer>;
  exchange(app: App, code: AuthCode, signal: AbortSignal): Promise<MintAnswer>;
  /**
   * Live: the broker accepted `<app>:<token>`, by the profile, or by a depth read if the app may not read the profile
   * (-373); `fyId` is null then.
   *
   * @param reads `depth` if a harvester records with the token
   */
  prove(
    app: AppId,
    token: AccessToken,
    signal: AbortSignal,
    reads?: 'profile' | 'depth',
  ): Promise<Proof>;
}

/** Result for one symbol in one slot. A stream's row is the last whole book before the slot. */
export type SlotResult = {
  readonly symbol: string;
  readonly slot: Instant;
  /** Null for a stream: nothing is requested for a slot. */
  readonly sentAt: Instant | null;
  readonly receivedAt: Instant;
} & (
  | {
      readonly kind: 'book';
      /** Absent if the row is from the observing feed itself. */
      readonly feed?: FeedName;
      readonly book: Book;
      /** Fields that are null because the answer's value is unusable; absent if every value is usable. */
      readonly faults?: readonly DepthField[];
    }
  | {
      readonly kind: 'hole';
      readonly reason: HoleReason;
      readonly retryAfterMs?: number;
      /** The broker's answer, cleaned for a log. */
      readonly detail?: string;
    }
);

export type FeedName = 'rest' | 'tbt' | 'hsm' | 'replay';

/** An event of a stream, for the day's event log and the harvester's log. */
export interface StreamNote {
  readonly event:
    'socket-open' | 'socket-closed' | 'resync' | 'stream-refused' | 'delivery' | 'frames-lost';
  readonly message: string;
  /** When it happened; the harvester collects notes at the next slot. */
  readonly at: Instant;
  /** The symbols whose books it concerns; absent: all of the feed. */
  readonly symbols?: readonly string[];
}

/** Stores the frames of a stream. Never throws: a frame that it cannot store is counted as lost. */
export interface FrameSink {
  /** Copies the bytes; they are on disk within about a second. */
  frame(socket: number, receivedAt: Instant, bytes: Uint8Array): void;
  mark(socket: number, at: Instant, mark: FrameMark): void;
  /** Counts frames as lost that the caller does not store. */
  lose(frames: number, problem: string): void;
  /** Starts a write if one is due, without waiting for it. */
  step(): void;
  /** The lost frames since the last call; null if there are none. */
  takeLost(): { readonly frames: number; readonly problem: string } | null;
  /** Resolves when every frame is on disk or counted as lost. */
  close(): Promise<void>;
}

/**
 * Live and replay are the same iterator: one batch per slot, and an empty one while the next slot is far away.
 */
export interface DepthFeed extends AsyncDisposable {
  readonly name: FeedName;
  /** @param symbols the day's resolved symbols; default: those that the feed was created with */
  observe(
    session: SessionPlan,
    token: () => AccessToken | null,
    signal: AbortSignal,
    symbols?: readonly string[],
    facts?: readonly { readonly symbol: string; readonly fyToken: string | null }[],
  ): AsyncIterable<readonly SlotResult[]>;
  /** Absent for a feed that polls. */
  readonly stream?: {
    /** The events since the last call. */
    takeNotes(): readonly StreamNote[];
    /** Symbols that have delivered nothing for a minute of continuous trading. */
    silentSymbols(): readonly string[];
  };
}

export interface ObjectStore {
  /** Never overwrites; the caller raises an alarm for `different`. */
  putOnce(key: string, file: string, sha256: string): Promise<'stored' | 'same' | 'different'>;
  /** False when the key is absent. */
  get(key: string, toFile: string): Promise<boolean>;
}

/** For the operator. A channel may show only the subject, so the subject states the event. */
export interface Message {
  /** Printable ASCII, at most 100 characters (Amazon SNS, "Publish": Subject). */
  readonly subject: string;
  /** Plain text. The link is alone on its line. */
  readonly text: string;
}

/** All channels of the operator. Resolves if at least one takes the message. */
export interface Notifier {
  /** @throws FyersError `platform.message` naming each channel's problem */
  send(message: Message): Promise<void>;
  /** True if a channel has a recipient: a confirmed subscription or a Telegram chat. */
  hasListener(): Promise<boolean>;
}

/** Log line and metric; never throws. */
export interface Logger {
  log(event: LogRecord): void;
}

/** debug: logged only if requested. */
export type Level = 'debug' | 'info' | 'warn' | 'error';

/** One JSON line and its metric, never with token material. `token/log.ts` and `recording/log.ts` define one function per event. */
export interface LogRecord {
  readonly part: 'keeper' | 'harvester';
  readonly level: Level;
  readonly event: string;
  readonly message: string;
  readonly facts?: Readonly<Record<string, string | number | null>>;
  /** @property of the identity of a fault, so that its repetitions count once; default: the event and its message */
  readonly metric?: { readonly name: string; readonly value: number; readonly of?: string };
}
