// Connects the two protocols to their connections: what is sent after opening, how a frame changes
// the books, and which answers are refusals. The state of a socket is dropped with its connection.
import * as z from 'zod/mini';
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
import { decodeHsmLogin } from '../../../core/stream/hsm-fields.ts';
import { type HsmTopic, startHsmTopics, type HsmTopics } from '../../../core/stream/hsm-topics.ts';
import { startTbtBooks, type TbtBook } from '../../../core/stream/tbt-books.ts';
import { decodeTbtFrame } from '../../../core/stream/tbt-frame.ts';
import { parseJson } from '../../../core/text.ts';
import { type Instant, SECOND } from '../../../core/time.ts';
import { type ConnectionOptions, StreamConnection, type Target } from './connection.ts';
import type { FrameEvents } from './frame-store.ts';
import { chunksOf, type Subscriptions, subscriptionsOf } from './subscriptions.ts';

/** The broker's limits: "Limits" of the TBT and of the HSM socket. */
const MAX_TOPICS_PER_FRAME = 1_500;
/** Without a frame of any symbol for so long in continuous trading, a socket is opened again. */
const DATA_WITHIN_MS = 90 * SECOND;
const TBT_CHANNEL = '1';
/** Everything that HSM sends but data; a foreign frame has another type. */
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

export interface StreamSocket {
  readonly connection: StreamConnection;
  readonly subscriptions: Subscriptions;
  /** Frames that were cut or foreign, since the start. */
  readonly badFrames: () => number;
  /** Performs the steps that are due. @param isTrading whether silence is a fault */
  step(isTrading: boolean): void;
}

export interface TbtSocket extends StreamSocket {
  readonly book: (symbol: string) => TbtBook | null;
}

export function tbtSocket(options: SocketOptions, symbols: readonly string[]): TbtSocket {
  const { clock, events } = options;
  const subscriptions = subscriptionsOf(symbols);
  let books = startTbtBooks();
  let badFrames = 0;
  const connection: StreamConnection = new StreamConnection({
    ...options,
    events,
    wire: {
      target: options.target,
      ping: 'ping',
      opened() {
        subscriptions.began(clock.now());
        connection.send(tbtSubscription(symbols, 1));
        connection.send(
          JSON.stringify({ type: 2, data: { resumeChannels: [TBT_CHANNEL], pauseChannels: [] } }),
        );
        events.accepted();
        connection.accept();
      },
      frame(bytes, receivedAt) {
        events.changing(receivedAt);
        const message = decodeTbtFrame(bytes);
        if (message?.isError !== true) events.received(bytes, receivedAt);
        if (message === null) {
          badFrames += 1;
          events.unreadable(receivedAt);
          // A server that sends nothing else must not fill the event log.
          const sound = symbols.filter((symbol) => books.book(symbol)?.flaw === null);
          books.distrust();
          for (const symbol of sound) {
            subscriptions.lack(symbol, receivedAt);
            events.gap(symbol, 'a frame could not be read');
          }
          return false;
        }
        if (message.isError) {
          refuse(connection, events, message.text);
          return false;
        }
        const applied = books.apply(message, receivedAt);
        for (const { symbol, kind, gap } of applied) {
          if (kind === 'none') continue;
          subscriptions.delivered(symbol, kind === 'snapshot', receivedAt);
          if (gap === null) continue;
          subscriptions.lack(symbol, receivedAt);
          events.gap(symbol, `from ${String(gap.from)} to ${String(gap.to)}`);
        }
        return applied.some(({ kind }) => kind !== 'none');
      },
      text(text) {
        const detail = refusalIn(text);
        if (detail !== null) refuse(connection, events, detail);
      },
      lost() {
        events.changing(clock.now());
        books = startTbtBooks();
      },
    },
  });
  return {
    connection,
    subscriptions,
    badFrames: () => badFrames,
    book: (symbol) => books.book(symbol),
    step(isTrading) {
      connection.step();
      stepSubscriptions({ connection, subscriptions }, isTrading, clock.now(), (again) => {
        connection.send(tbtSubscription(again, -1));
        connection.send(tbtSubscription(again, 1));
      });
    },
  };
}

function tbtSubscription(symbols: readonly string[], subs: 1 | -1): string {
  // A channel that is a number is accepted, and then mute.
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

function refuse(connection: StreamConnection, events: SocketEvents, detail: string): void {
  events.refused(detail);
  connection.refuse(detail);
}

function stepSubscriptions(
  { connection, subscriptions }: Pick<StreamSocket, 'connection' | 'subscriptions'>,
  isTrading: boolean,
  now: Instant,
  subscribeAgain: (names: readonly string[]) => void,
): void {
  if (!connection.isOpen) return;
  const { again, reconnect } = subscriptions.due(now);
  if (reconnect !== null) {
    connection.close('no-snapshot', `no snapshot of ${reconnect}`);
    return;
  }
  if (again.length > 0) subscribeAgain(again);
  const lastAt = subscriptions.lastAt();
  const silentFrom = lastAt === null || lastAt < connection.openedAt ? connection.openedAt : lastAt;
  if (isTrading && now - silentFrom >= DATA_WITHIN_MS) connection.close('silent', 'no data');
}

export interface HsmSocket extends StreamSocket {
  readonly topic: (name: string) => HsmTopic | null;
}

interface HsmOptions extends SocketOptions {
  /** The claim of the token in use; read at each connection. */
  readonly key: () => string | null;
}

export function hsmSocket(options: HsmOptions, topics: readonly string[]): HsmSocket {
  const { clock, events } = options;
  const subscriptions = subscriptionsOf(topics);
  let state: HsmTopics | null = null;
  let acknowledgeEvery = 0;
  let unacknowledged = 0;
  let badFrames = 0;
  const subscribe = (names: readonly string[]): void => {
    for (const part of chunksOf(names, MAX_TOPICS_PER_FRAME)) {
      connection.send(encodeHsmSubscribe(part, HSM_CHANNEL));
    }
  };
  const login = (bytes: Uint8Array): void => {
    const answer = decodeHsmLogin(bytes);
    const changed = answer?.map?.changed ?? [];
    if (answer?.isAccepted !== true) refuse(connection, events, 'the login was not accepted');
    else if (changed.length > 0) refuse(connection, events, `changed fields: ${changed.join()}`);
    else {
      ({ acknowledgeEvery } = answer);
      state = startHsmTopics(answer);
      subscriptions.began(clock.now());
      subscribe(topics);
      connection.send(encodeHsmResume(HSM_CHANNEL));
      events.accepted(answer);
      connection.accept();
    }
  };
  const takeData = (bytes: Uint8Array, receivedAt: Instant): boolean => {
    const applied = state?.apply(bytes, receivedAt) ?? null;
    if (applied === null) {
      badFrames += 1;
      events.unreadable(receivedAt);
      // Any topic may have changed in it, and only a new connection is sure to bring all snapshots.
      connection.close('sequence-gap', 'a frame could not be read');
      return false;
    }
    for (const { name, kind } of applied.items) {
      if (name !== null) subscriptions.delivered(name, kind === 'snapshot', receivedAt);
    }
    unacknowledged += 1;
    if (applied.message !== null && unacknowledged >= acknowledgeEvery) {
      connection.send(encodeHsmAcknowledge(applied.message));
      unacknowledged = 0;
    }
    return true;
  };
  const connection: StreamConnection = new StreamConnection({
    ...options,
    events,
    wire: {
      target: options.target,
      ping: encodeHsmPing(),
      opened() {
        connection.send(encodeHsmLogin(options.key() ?? '', 'JS_API'));
      },
      frame(bytes, receivedAt) {
        events.changing(receivedAt);
        const type = bytes[2];
        if (state !== null && !ANSWER_TYPES.has(type)) events.received(bytes, receivedAt);
        if (type === HSM_TYPES.data) return takeData(bytes, receivedAt);
        if (type === HSM_TYPES.login) login(bytes);
        else {
          const detail = hsmRefusal(bytes);
          if (detail !== null) refuse(connection, events, detail);
        }
        return false;
      },
      text: () => undefined,
      lost() {
        events.changing(clock.now());
        state = null;
        unacknowledged = 0;
      },
    },
  });
  return {
    connection,
    subscriptions,
    badFrames: () => badFrames,
    topic: (name) => state?.topic(name) ?? null,
    step(isTrading) {
      connection.step();
      stepSubscriptions({ connection, subscriptions }, isTrading, clock.now(), subscribe);
    },
  };
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
