// Implements the protocols of the two streams over a connection: sends the login and the subscriptions, applies frames
// to the books, recognises refusals, and hands frames to the frame log. A socket's state is dropped when its connection
// closes.
import * as z from 'zod/mini';
import type { Clock, FrameSink } from '../../../core/ports.ts';
import { decodeHsmLogin, type HsmLogin } from '../../../core/stream/hsm-fields.ts';
import {
  decodeHsmAnswer,
  encodeHsmAcknowledge,
  encodeHsmLogin,
  encodeHsmPing,
  encodeHsmResume,
  encodeHsmSubscribe,
  HSM_CHANNEL,
  HSM_TYPES,
  textOf,
  unsignedOf,
} from '../../../core/stream/hsm-frame.ts';
import { type HsmTopic, startHsmTopics, type HsmTopics } from '../../../core/stream/hsm-topics.ts';
import { startTbtBooks, type TbtBook } from '../../../core/stream/tbt-books.ts';
import { decodeTbtFrame } from '../../../core/stream/tbt-frame.ts';
import { parseJson } from '../../../core/text.ts';
import { type Instant, SECOND } from '../../../core/time.ts';
import { type ConnectionOptions, StreamConnection, type Target, type Wire } from './connection.ts';
import { chunksOf, Subscriptions } from './subscriptions.ts';

/** The broker's limits: "Limits" of the TBT and of the HSM socket. */
const MAX_TOPICS_PER_FRAME = 1_500;
/** In continuous trading, a socket without a frame of any symbol for so long is opened again. */
const DATA_WITHIN_MS = 90 * SECOND;
const TBT_CHANNEL = '1';
/** All types of HSM's frames except data; a frame of any other type is not HSM's. */
const ANSWER_TYPES: ReadonlySet<number | undefined> = new Set(
  Object.values(HSM_TYPES).filter((type) => type !== HSM_TYPES.data),
);

export interface SocketEvents extends FrameEvents {
  /** Called before a frame is applied, and before the books of a connection are dropped. */
  readonly changing: (at: Instant) => void;
  readonly opened: () => void;
  readonly closed: (detail: string) => void;
  readonly refused: (detail: string) => void;
  readonly gap: (symbol: string, detail: string) => void;
}

interface SocketOptions extends Pick<ConnectionOptions, 'clock' | 'random'> {
  readonly target: () => Promise<Target | null>;
  readonly events: SocketEvents;
}

/** One connection with its subscriptions; a subclass has the protocol and the books. */
export abstract class StreamSocket implements Wire {
  readonly connection: StreamConnection;
  readonly subscriptions: Subscriptions;
  readonly target: Wire['target'];
  abstract readonly ping: Wire['ping'];
  protected readonly clock: SocketOptions['clock'];
  protected readonly events: SocketEvents;

  /** @param names symbols or topics, as the protocol subscribes them */
  constructor(options: SocketOptions, names: readonly string[]) {
    ({ clock: this.clock, events: this.events, target: this.target } = options);
    this.subscriptions = new Subscriptions(names);
    this.connection = new StreamConnection({ ...options, wire: this });
  }

  abstract opened(): void;
  abstract frame(bytes: Uint8Array, receivedAt: Instant): boolean;
  abstract text(text: string): void;
  abstract dropState(): void;
  protected abstract subscribeAgain(names: readonly string[]): void;

  /** Performs the steps that are due. @param isTrading whether silence is a fault */
  step(isTrading: boolean): void {
    const { connection, subscriptions } = this;
    connection.step();
    if (!connection.isOpen) return;
    const now = this.clock.now();
    const { again, reconnect } = subscriptions.due(now);
    if (reconnect !== null) {
      connection.close('no-snapshot', `no snapshot of ${reconnect}`);
      return;
    }
    if (again.length > 0) this.subscribeAgain(again);
    const { openedAt } = connection;
    const { lastAt } = subscriptions;
    const silentFrom = lastAt === null || lastAt < openedAt ? openedAt : lastAt;
    if (isTrading && now - silentFrom >= DATA_WITHIN_MS) connection.close('silent', 'no data');
  }

  protected refuse(detail: string): void {
    this.events.refused(detail);
    this.connection.refuse(detail);
  }
}

export class TbtSocket extends StreamSocket {
  readonly ping = 'ping';
  readonly #symbols: readonly string[];
  #books = startTbtBooks();

  constructor(options: SocketOptions, symbols: readonly string[]) {
    super(options, symbols);
    this.#symbols = symbols;
  }

  book(symbol: string): TbtBook | null {
    return this.#books.book(symbol);
  }

  opened(): void {
    const { connection, subscriptions, events } = this;
    subscriptions.began(this.clock.now());
    connection.send(tbtSubscription(this.#symbols, 1));
    connection.send(
      JSON.stringify({ type: 2, data: { resumeChannels: [TBT_CHANNEL], pauseChannels: [] } }),
    );
    events.accepted();
    connection.accept();
  }

  frame(bytes: Uint8Array, receivedAt: Instant): boolean {
    this.events.changing(receivedAt);
    const message = decodeTbtFrame(bytes);
    if (message?.isError !== true) this.events.received(bytes, receivedAt);
    if (message === null) {
      this.#distrust(receivedAt);
      return false;
    }
    if (message.isError) {
      this.refuse(message.text);
      return false;
    }
    const applied = this.#books.apply(message, receivedAt);
    for (const { symbol, kind, gap } of applied) {
      if (kind === 'none') continue;
      this.subscriptions.delivered(symbol, kind === 'snapshot', receivedAt);
      if (gap === null) continue;
      this.#requireSnapshot(symbol, receivedAt, `from ${String(gap.from)} to ${String(gap.to)}`);
    }
    return applied.some(({ kind }) => kind !== 'none');
  }

  text(text: string): void {
    const detail = refusalIn(text);
    if (detail !== null) this.refuse(detail);
  }

  dropState(): void {
    this.events.changing(this.clock.now());
    this.#books = startTbtBooks();
  }

  protected subscribeAgain(names: readonly string[]): void {
    this.connection.send(tbtSubscription(names, -1));
    this.connection.send(tbtSubscription(names, 1));
  }

  /** Marks all books as unsound after a truncated or foreign frame, because it may have changed any of them. */
  #distrust(receivedAt: Instant): void {
    this.events.unreadable(receivedAt);
    // Report only books that were sound, so that a server that sends only such frames does not fill the event log.
    const sound = this.#symbols.filter((symbol) => this.#books.book(symbol)?.flaw === null);
    this.#books.distrust();
    for (const symbol of sound)
      this.#requireSnapshot(symbol, receivedAt, 'a frame could not be read');
  }

  #requireSnapshot(symbol: string, at: Instant, detail: string): void {
    this.subscriptions.requireSnapshot(symbol, at);
    this.events.gap(symbol, detail);
  }
}

function tbtSubscription(symbols: readonly string[], subs: 1 | -1): string {
  // The channel must be a string: with a number, the broker accepts the subscription and sends nothing.
  return JSON.stringify({ type: 1, data: { subs, symbols, mode: 'depth', channel: TBT_CHANNEL } });
}

const RefusalText = z.object({
  error: z.literal(true),
  msg: z.catch(z.string(), 'an error without a text'),
});

/** Acknowledgements are JSON texts; anything else is a `pong`. */
function refusalIn(text: string): string | null {
  const parsed = RefusalText.safeParse(parseJson(text));
  return parsed.success ? parsed.data.msg : null;
}

interface HsmOptions extends SocketOptions {
  /** The key in the current token's claims; read for each connection. */
  readonly key: () => string | null;
}

export class HsmSocket extends StreamSocket {
  readonly ping = encodeHsmPing();
  readonly #topics: readonly string[];
  readonly #key: HsmOptions['key'];
  #state: HsmTopics | null = null;
  #acknowledgeEvery = 0;
  #unacknowledged = 0;

  constructor(options: HsmOptions, topics: readonly string[]) {
    super(options, topics);
    this.#topics = topics;
    this.#key = options.key;
  }

  topic(name: string): HsmTopic | null {
    return this.#state?.topic(name) ?? null;
  }

  opened(): void {
    this.connection.send(encodeHsmLogin(this.#key() ?? '', 'JS_API'));
  }

  frame(bytes: Uint8Array, receivedAt: Instant): boolean {
    this.events.changing(receivedAt);
    const type = bytes[2];
    if (this.#state !== null && !ANSWER_TYPES.has(type)) this.events.received(bytes, receivedAt);
    if (type === HSM_TYPES.data) return this.#takeData(bytes, receivedAt);
    if (type === HSM_TYPES.login) this.#takeLogin(bytes);
    else {
      const detail = hsmRefusal(bytes);
      if (detail !== null) this.refuse(detail);
    }
    return false;
  }

  text(): void {
    // HSM sends no text frames.
  }

  dropState(): void {
    this.events.changing(this.clock.now());
    this.#state = null;
    this.#unacknowledged = 0;
  }

  protected subscribeAgain(names: readonly string[]): void {
    for (const part of chunksOf(names, MAX_TOPICS_PER_FRAME)) {
      this.connection.send(encodeHsmSubscribe(part, HSM_CHANNEL));
    }
  }

  #takeLogin(bytes: Uint8Array): void {
    const answer = decodeHsmLogin(bytes);
    const changed = answer?.map?.changed ?? [];
    if (answer?.isAccepted !== true) this.refuse('the login was not accepted');
    else if (changed.length > 0) this.refuse(`changed fields: ${changed.join()}`);
    else {
      this.#acknowledgeEvery = answer.acknowledgeEvery;
      this.#state = startHsmTopics(answer);
      this.subscriptions.began(this.clock.now());
      this.subscribeAgain(this.#topics);
      this.connection.send(encodeHsmResume(HSM_CHANNEL));
      this.events.accepted(answer);
      this.connection.accept();
    }
  }

  #takeData(bytes: Uint8Array, receivedAt: Instant): boolean {
    const applied = this.#state?.apply(bytes, receivedAt) ?? null;
    if (applied === null) {
      this.events.unreadable(receivedAt);
      // The frame may have changed any topic, and only a new connection certainly sends all snapshots.
      this.connection.close('sequence-gap', 'a frame could not be read');
      return false;
    }
    for (const { name, kind } of applied.items) {
      if (name !== null) this.subscriptions.delivered(name, kind === 'snapshot', receivedAt);
    }
    this.#unacknowledged += 1;
    if (applied.message !== null && this.#unacknowledged >= this.#acknowledgeEvery) {
      this.connection.send(encodeHsmAcknowledge(applied.message));
      this.#unacknowledged = 0;
    }
    return true;
  }
}

function hsmRefusal(bytes: Uint8Array): string | null {
  const answer = decodeHsmAnswer(bytes);
  if (answer === null) return null;
  const { type, fields } = answer;
  if (type === HSM_TYPES.custom) {
    return `${String(unsignedOf(fields.get(1)))} ${textOf(fields.get(2))}`;
  }
  const isRefused = type === HSM_TYPES.subscribe && textOf(fields.get(1)) !== 'K';
  return isRefused ? 'the subscription was not accepted' : null;
}

/** What happens on one socket. */
interface FrameEvents {
  /** @param login HSM's answer to the login, which is needed to read its frames */
  readonly accepted: (login?: HsmLogin) => void;
  /** Called for each data frame, before it is applied. */
  readonly received: (bytes: Uint8Array, receivedAt: Instant) => void;
  /** Called if the last frame was truncated or foreign. */
  readonly unreadable: (receivedAt: Instant) => void;
}

interface FrameStoreOptions {
  /** Null if frames are not stored. */
  readonly sink: FrameSink | null;
  readonly clock: Pick<Clock, 'now'>;
  /** Texts that no stored frame may contain. A new array whenever the texts change. */
  readonly secrets: () => readonly string[];
}

/**
 * Passes the frames of a day's sockets to the frame log: every data frame, including unreadable ones, because they are
 * evidence. Adds marks when a connection was accepted or closed, and when a frame could not be read. Logins and their
 * answers are not stored. A frame that contains the token or the login's key is withheld and counted.
 *
 * @param socket the socket's number in the frame log
 */
export function storeFrames(
  { sink, clock, secrets }: FrameStoreOptions,
  socket: number,
  name: string,
): FrameEvents & { readonly closed: () => void } {
  let known: { readonly texts: readonly string[]; readonly needles: readonly Buffer[] } | null =
    null;
  const needles = (): readonly Buffer[] => {
    const texts = secrets();
    if (known?.texts !== texts) known = { texts, needles: texts.map((each) => Buffer.from(each)) };
    return known.needles;
  };
  return {
    accepted(login) {
      const form =
        login === undefined
          ? {}
          : {
              login: {
                acknowledgeEvery: login.acknowledgeEvery,
                liteCounts: login.map === null ? null : { ...login.map.liteCounts },
              },
            };
      sink?.mark(socket, clock.now(), { mark: 'opened', name, ...form });
    },
    received(bytes, receivedAt) {
      if (sink === null) return;
      const frame = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
      if (needles().some((secret) => frame.includes(secret))) {
        sink.lose(1, `a frame of ${name} contains the token`);
      } else sink.frame(socket, receivedAt, bytes);
    },
    unreadable(receivedAt) {
      sink?.mark(socket, receivedAt, { mark: 'bad-frame' });
    },
    closed() {
      sink?.mark(socket, clock.now(), { mark: 'closed' });
    },
  };
}
