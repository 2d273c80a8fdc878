// Simulates both streams on the API's port: `/versova` (TBT, fifty levels) and `/hsm/v1-5/prod`.
// They serve the same market as depth calls: the best five levels of an instant are those of
// `GET /data/depth`. Frames are sent when the clock is set, or every 250 ms while it flows.
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { deepLevels, type SimulatedBook, type SimulatedLevel, TICK } from './book.ts';
import type { SimulatorState } from './state.ts';
import * as frames from './stream-frames.ts';
import { nextSixOclock, SECOND } from './time.ts';
import { checkToken, hsmKey } from './tokens.ts';

/** Faults, which a test sets and resets. */
interface StreamFaults {
  /** Symbols that are subscribed and deliver nothing. */
  readonly silent: Set<string>;
  /** True if the sockets stay open but send neither frames nor pongs. */
  isHalfOpen: boolean;
  /** The next TBT frame of each symbol skips so many numbers. */
  skips: number;
  /** The next data frame is cut short. */
  isCut: boolean;
  /** The message with which a subscription is refused; empty if it is accepted. */
  refusal: string;
  /** The login of HSM is answered N. */
  isRefused: boolean;
  /** TBT refuses each upgrade with this status; 0: none. */
  upgradeStatus: number;
  /** The next data frame is sent twice. */
  isDoubled: boolean;
  /** Each data frame of HSM begins with an update of a topic without a snapshot. */
  hasForeignTopic: boolean;
  /** Added to the day's volume in HSM, which is 32 bits wide. */
  extraVolume: number;
  /** The field map of HSM has its first two fields of a book in another order. */
  hasOtherFields: boolean;
  /** The fifth level of each side has quantity 0 every other second, and a level is sent without its unchanged values. */
  hasZeroes: boolean;
  /** Number of HSM topics that the account's plan allows. */
  planLimit: number;
}

/** All levels of a book after a message. */
export interface SentBook {
  readonly symbol: string;
  readonly kind: 'tbt' | 'hsm';
  /** Null for HSM. */
  readonly sequence: number | null;
  readonly bids: readonly SimulatedLevel[];
  readonly asks: readonly SimulatedLevel[];
}

export interface StreamServer {
  readonly faults: StreamFaults;
  /** Keeps every book that is sent from now on, in the order of sending. */
  keepLedger(): readonly SentBook[];
  /** Messages by symbol that were sent; a frame of HSM has one for each topic that changed. */
  readonly sent: ReadonlyMap<string, number>;
  /** Data frames that were sent. */
  readonly frames: () => number;
  /** Upgrades by path and status. */
  readonly upgrades: readonly { readonly path: string; readonly status: number }[];
  readonly openSockets: () => number;
  /** Sends what has changed up to now. */
  readonly tick: () => void;
  /** Resolves when all clients have received the sent frames. */
  readonly settled: () => Promise<void>;
  /** Ends all connections. */
  drop(code: number): void;
  readonly close: () => void;
}

const TBT_SOCKETS = 3;
const TBT_SYMBOLS = 5;
const TICK_INTERVAL_MS = 250;

interface Client {
  readonly socket: WebSocket;
  readonly kind: 'tbt' | 'hsm';
  send(now: number): void;
}

interface World {
  readonly state: SimulatorState;
  readonly now: () => number;
  readonly faults: StreamFaults;
  /** Sends a frame of data, with messages about these symbols. */
  readonly deliver: (socket: WebSocket, frame: Buffer, symbols: readonly string[]) => void;
  readonly enter: (sent: SentBook) => void;
}

export function serveStreams(
  server: Server,
  state: SimulatorState,
  now: () => number,
): StreamServer {
  const sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    autoPong: false,
  });
  const clients = new Set<Client>();
  const sent = new Map<string, number>();
  const upgrades: { path: string; status: number }[] = [];
  const faults: StreamFaults = {
    ...{ silent: new Set<string>(), isHalfOpen: false, skips: 0, isCut: false, isRefused: false },
    ...{ refusal: '', upgradeStatus: 0, hasOtherFields: false },
    ...{ isDoubled: false, hasForeignTopic: false, extraVolume: 0, hasZeroes: false },
    planLimit: 5_000,
  };
  let frameCount = 0;
  const deliver: World['deliver'] = (socket, frame, symbols) => {
    for (const symbol of symbols) sent.set(symbol, (sent.get(symbol) ?? 0) + 1);
    frameCount += 1;
    socket.send(faults.isCut ? frame.subarray(0, -3) : frame);
    if (faults.isDoubled) socket.send(frame);
    [faults.isCut, faults.isDoubled] = [false, false];
  };
  let ledger: SentBook[] | null = null;
  const enter = (entry: SentBook): void => {
    ledger?.push(entry);
  };
  const world: World = { state, now, faults, deliver, enter };
  server.on('upgrade', (request: IncomingMessage, duplex: Duplex, head: Buffer) => {
    const path = request.url ?? '';
    const ofTbt = [...clients].filter(({ kind }) => kind === 'tbt').length;
    const status = statusOf(world, request, ofTbt);
    upgrades.push({ path, status });
    if (status !== 101) {
      duplex.end(`HTTP/1.1 ${String(status)} Refused\r\nconnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, duplex, head, (socket) => {
      const client =
        path === '/versova' ? tbtClient(world, socket) : hsmClient(world, socket, request);
      clients.add(client);
      socket.on('ping', (data) => {
        if (!faults.isHalfOpen) socket.pong(data);
      });
      socket.on('close', () => clients.delete(client));
    });
  });
  const drop = (code: number): void => {
    for (const { socket } of clients) socket.close(code);
  };
  let tokensEndAt = nextSixOclock(now());
  const tick = (): void => {
    if (faults.isHalfOpen) return;
    for (const client of clients) client.send(now());
    if (now() < tokensEndAt) return;
    tokensEndAt = nextSixOclock(now());
    drop(TOKEN_ENDED);
  };
  const timer = setInterval(tick, TICK_INTERVAL_MS).unref();
  return {
    ...{ faults, sent, upgrades, tick },
    frames: () => frameCount,
    keepLedger: () => (ledger ??= []),
    openSockets: () => clients.size,
    settled: async () => {
      await Promise.all([...clients].map(({ socket }) => receivedBy(socket)));
    },
    drop,
    close: () => {
      clearInterval(timer);
      for (const { socket } of clients) socket.terminate();
    },
  };
}

/** Whether the broker closes a socket when its token ends, and how, is not known. */
const TOKEN_ENDED = 1000;

/** A client answers a ping after the frames before it. */
function receivedBy(socket: WebSocket): Promise<void> {
  if (socket.readyState !== WebSocket.OPEN) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off('pong', done).off('close', done);
      resolve();
    };
    socket.once('pong', done);
    socket.once('close', done);
    socket.ping();
  });
}

function statusOf({ state, now, faults }: World, request: IncomingMessage, ofTbt: number): number {
  if (state.isDown) return 503;
  if (request.url === '/hsm/v1-5/prod') return 101;
  if (request.url !== '/versova') return 404;
  if (faults.upgradeStatus > 0) return faults.upgradeStatus;
  const [id = '', token = ''] = (request.headers.authorization ?? '').split(':');
  const app = state.apps.find((each) => each.id === id);
  const check =
    app === undefined ? 'invalid' : checkToken(state.seed, app, 'access_token', token, now());
  if (check !== 'valid' || state.revoked.has(token)) return 403;
  return ofTbt >= TBT_SOCKETS ? 429 : 101;
}

const EMPTIED = 4;

function bookOf({ state, faults }: World, symbol: string, at: number): SimulatedBook {
  const book = state.bookOf(symbol, at);
  if (!faults.hasZeroes || Math.floor(at / SECOND) % 2 === 0) return book;
  const emptied = (levels: readonly SimulatedLevel[]) =>
    levels.map((level, num) => (num === EMPTIED ? { ...level, quantity: 0 } : level));
  return { ...book, bids: emptied(book.bids), asks: emptied(book.asks) };
}

interface DeepBook {
  readonly book: SimulatedBook;
  readonly bids: readonly SimulatedLevel[];
  readonly asks: readonly SimulatedLevel[];
}

function tbtClient(world: World, socket: WebSocket): Client {
  const { state, now, faults, deliver, enter } = world;
  const channels = new Map<string, string>();
  const resumed = new Set<string>();
  const last = new Map<string, DeepBook>();
  const sequences = new Map<string, number>();
  const sendSymbol = (symbol: string, at: number): void => {
    const book = bookOf(world, symbol, at);
    // The deep levels change once a minute, so that most messages are short.
    const key = `${state.seed} ${symbol} ${String(Math.floor(at / 60_000))}`;
    const deep = {
      book,
      bids: deepLevels(book.bids, -TICK, `${key} bids`),
      asks: deepLevels(book.asks, TICK, `${key} asks`),
    };
    const before = last.get(symbol);
    const bids = differences(before?.bids ?? [], deep.bids, faults.hasZeroes);
    const asks = differences(before?.asks ?? [], deep.asks, faults.hasZeroes);
    if (before !== undefined && bids.length + asks.length === 0) return;
    last.set(symbol, deep);
    const sequence = (sequences.get(symbol) ?? 0) + 1 + (before === undefined ? 0 : faults.skips);
    sequences.set(symbol, sequence);
    const token = state.instrumentOf(symbol, at)?.fyToken ?? '';
    const frame = frames.tbtFrame({
      ...{ symbol, token, sequence, at, bids, asks, totals: book },
      isSnapshot: before === undefined,
    });
    deliver(socket, frame, [symbol]);
    enter({ symbol, kind: 'tbt', sequence, bids: deep.bids, asks: deep.asks });
  };
  const send = (at: number): void => {
    const before = new Map(sequences);
    let hasSent = false;
    for (const [symbol, channel] of channels) {
      if (!resumed.has(channel) || faults.silent.has(symbol)) continue;
      sendSymbol(symbol, at);
      // A tick in which nothing changed does not use up the fault.
      hasSent ||= sequences.get(symbol) !== before.get(symbol);
    }
    if (hasSent) faults.skips = 0;
  };
  socket.on('message', (data: Buffer) => {
    const message = data.toString();
    if (message === 'ping') {
      if (!faults.isHalfOpen) socket.send('pong');
      return;
    }
    const { type, data: asked } = JSON.parse(message) as TbtRequest;
    if (type === 2) for (const channel of asked.resumeChannels ?? []) resumed.add(channel);
    if (type === 1 && asked.subs === -1) {
      for (const symbol of asked.symbols ?? []) {
        channels.delete(symbol);
        last.delete(symbol);
      }
    } else if (type === 1) {
      if (faults.refusal !== '') {
        socket.send(frames.tbtError(faults.refusal));
        return;
      }
      const wanted = (asked.symbols ?? []).filter((symbol) => !channels.has(symbol));
      if (channels.size + wanted.length > TBT_SYMBOLS) {
        socket.send(frames.tbtError('symbol count exceeds limit: 5'));
        return;
      }
      // A subscription whose channel is a number is accepted, but delivers nothing.
      for (const symbol of wanted) channels.set(symbol, asked.channel ?? '');
    }
    if (!faults.isHalfOpen) send(now());
  });
  return { socket, kind: 'tbt', send };
}

interface TbtRequest {
  readonly type: number;
  readonly data: {
    readonly subs?: number;
    readonly symbols?: readonly string[];
    readonly channel?: string;
    readonly resumeChannels?: readonly string[];
  };
}

function differences(
  before: readonly SimulatedLevel[],
  now: readonly SimulatedLevel[],
  isPartial: boolean,
): readonly frames.LevelDifference[] {
  return now.flatMap((level, num) => {
    const old = before[num];
    const isSame =
      old?.pricePaise === level.pricePaise &&
      old.quantity === level.quantity &&
      old.orders === level.orders;
    return isSame ? [] : [{ num, level, ...(isPartial ? { before: old } : {}) }];
  });
}

const ACKNOWLEDGE_EVERY = 2;
/** Of the day's volume in the topic `sf`. */
const VOLUME_PLACE = 1;
const [LOGIN, SUBSCRIBE, UNSUBSCRIBE, CUSTOM] = [1, 4, 5, 51];
const PLAN_LIMIT_CODE = 51_001;

interface HsmTopic {
  readonly name: string;
  readonly symbol: string;
  readonly kind: frames.Topic;
  readonly id: number;
  values: readonly number[] | null;
}

function hsmClient(world: World, socket: WebSocket, request: IncomingMessage): Client {
  const { state, now, faults, deliver, enter } = world;
  const topics = new Map<string, HsmTopic>();
  // The server accepts a client with this header, but then sends it nothing.
  const isIgnored = request.headers.authorization !== undefined;
  let isLoggedIn = false;
  let message = 0;
  const send = (at: number): void => {
    const items: Buffer[] = [];
    const symbols: string[] = [];
    for (const topic of topics.values()) {
      if (faults.silent.has(topic.symbol)) continue;
      const book = bookOf(world, topic.symbol, at);
      const real = frames.hsmValues(topic.kind, book, at);
      const volume = ((real[VOLUME_PLACE] ?? 0) + faults.extraVolume) | 0;
      const values = topic.kind === 'sf' ? real.with(VOLUME_PLACE, volume) : real;
      if (topic.values === null) items.push(frames.hsmSnapshot(topic.id, topic, values));
      else if (values.some((value, place) => value !== topic.values?.[place])) {
        items.push(frames.hsmUpdate(topic.id, topic.values, values));
      } else continue;
      topic.values = values;
      symbols.push(topic.symbol);
      if (topic.kind !== 'dp') continue;
      const { bids, asks } = book;
      enter({ symbol: topic.symbol, kind: 'hsm', sequence: null, bids, asks });
    }
    if (items.length === 0) return;
    if (faults.hasForeignTopic) items.unshift(frames.hsmUpdate(60_000, [1, 2, 3], [4, 5, 6]));
    message += 1;
    deliver(socket, frames.hsmData(message, items), symbols);
  };
  const subscribe = (names: readonly string[]): void => {
    if (faults.refusal !== '' || topics.size + names.length > faults.planLimit) {
      const code = Buffer.alloc(4);
      code.writeUInt32BE(PLAN_LIMIT_CODE);
      const fields = [
        [1, code],
        [2, Buffer.from(faults.refusal === '' ? 'the symbol limit of the plan' : faults.refusal)],
        [3, Buffer.from([SUBSCRIBE])],
      ] as const;
      socket.send(frames.hsmAnswer(CUSTOM, fields));
      return;
    }
    for (const name of names) {
      const topic = topicOf(state, name, topics.size + 1, now());
      if (topic !== null) topics.set(name, topic);
    }
    socket.send(frames.hsmAnswer(SUBSCRIBE, [[1, Buffer.from('K')]]));
    send(now());
  };
  socket.on('message', (data: Buffer) => {
    if (isIgnored || faults.isHalfOpen) return;
    const type = data[2];
    if (type === LOGIN) {
      const key = data.subarray(7, 7 + data.readUInt16BE(5)).toString();
      isLoggedIn = !faults.isRefused && isKeyOf(state, key);
      socket.send(
        frames.hsmAnswer(LOGIN, [
          [1, Buffer.from(isLoggedIn ? 'K' : 'N')],
          [2, Buffer.from(frames.u16(ACKNOWLEDGE_EVERY))],
          [3, frames.fieldMap(faults.hasOtherFields)],
        ]),
      );
    } else if (type === SUBSCRIBE && isLoggedIn) subscribe(namesIn(data));
    else if (type === UNSUBSCRIBE) for (const name of namesIn(data)) topics.delete(name);
  });
  return { socket, kind: 'hsm', send };
}

/** The claim of any token that this simulator may have issued. */
function isKeyOf({ seed, apps, minted }: SimulatorState, key: string): boolean {
  return apps.some((app) =>
    Array.from({ length: minted + 1 }, (_, serial) => serial).some(
      (serial) => hsmKey(seed, app, serial) === key,
    ),
  );
}

function namesIn(frame: Buffer): readonly string[] {
  const count = frame.readUInt16BE(7);
  const names: string[] = [];
  for (let at = 9; names.length < count; at += 1 + (frame[at] ?? 0)) {
    names.push(frame.subarray(at + 1, at + 1 + (frame[at] ?? 0)).toString());
  }
  return names;
}

const SEGMENTS: Readonly<Record<string, string>> = {
  ...{ nse_cm: '1010', nse_fo: '1011', bse_cm: '1210', bse_fo: '1211' },
};
const INDICES: Readonly<Record<string, string>> = {
  'nse_cm|Nifty 50': 'NSE:NIFTY50-INDEX',
  'nse_cm|Nifty Bank': 'NSE:NIFTYBANK-INDEX',
  'bse_cm|SENSEX': 'BSE:SENSEX-INDEX',
};

function topicOf(state: SimulatorState, name: string, id: number, now: number): HsmTopic | null {
  const [kind = '', segment = '', token = ''] = name.split('|');
  if (kind !== 'dp' && kind !== 'sf' && kind !== 'if') return null;
  const symbol =
    kind === 'if'
      ? INDICES[`${segment}|${token}`]
      : state.symbolOf(SEGMENTS[segment] ?? '', token, now);
  return symbol === undefined ? null : { name, symbol, kind, id, values: null };
}
