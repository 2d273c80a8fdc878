// Feeds market depth from the streams `tbt` and `hsm`. The grid is sampled from the books: a slot's
// row is the last whole book received at or before the slot, and a quiet symbol on a sound stream
// is a row, because "unchanged" is information. A slot is sampled before the first later frame is
// applied, so that a loop that is late does not change the book of the slot. `tbt` takes
// prices and volume from an additional HSM socket.
import type { AccessToken, AppId, SamplingPlan } from '../../../core/config/values.ts';
import { TBT_SYMBOLS_PER_SOCKET } from '../../../core/config/stream-limits.ts';
import type { HoleReason } from '../../../core/recording/coverage.ts';
import { type SessionPlan, phaseAt, slotAtOrAfter } from '../../../core/market/phases.ts';
import { bookFromHsm, bookFromTbt } from '../../../core/stream/grid-book.ts';
import { type SymbolTopics, topicsFor } from '../../../core/stream/hsm-topics.ts';
import type { Clock, DepthFeed, FrameSink, SlotResult, StreamNote } from '../../../core/ports.ts';
import { hsmKeyOf } from '../../../core/token/jwt.ts';
import { cleanWords } from '../../../core/broker-answer.ts';
import { counted } from '../../../core/text.ts';
import { type Instant, type IstDate, MINUTE, plus, SECOND } from '../../../core/time.ts';
import {
  storeFrames,
  HsmSocket,
  type SocketEvents,
  type StreamSocket,
  TbtSocket,
} from './socket.ts';
import { chunksOf } from './subscriptions.ts';
import type { Target } from './connection.ts';
import { hsmTarget, tbtTarget } from './targets.ts';

export interface StreamOptions {
  readonly kind: 'tbt' | 'hsm';
  /** Fyers' API, without a trailing slash. If another server replaces it, that server also has the streams. */
  readonly apiUrl: string;
  readonly appId: () => AppId | null;
  readonly sampling: SamplingPlan;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Stores the frames of a day; absent: they are not stored. */
  readonly frames?: (date: IstDate) => FrameSink;
}

type Facts = Parameters<DepthFeed['observe']>[4];

export function streamDepth(options: StreamOptions): DepthFeed {
  const notes: StreamNote[] = [];
  let silent: () => readonly string[] = () => [];
  return {
    name: options.kind,
    stream: {
      takeNotes: () => notes.splice(0),
      silentSymbols: () => silent(),
    },
    async *observe(session, token, signal, symbols = options.sampling.symbols, facts = []) {
      const sink = options.frames?.(session.date) ?? null;
      await using day = new DayStreams({
        ...options,
        ...{ session, token, symbols, facts, notes, sink },
      });
      silent = () => day.silentSymbols();
      yield* sampleSlots(options, day, session, signal);
      silent = () => [];
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

interface DayOptions extends StreamOptions {
  readonly session: SessionPlan;
  readonly token: () => AccessToken | null;
  readonly symbols: readonly string[];
  readonly facts: NonNullable<Facts>;
  readonly notes: StreamNote[];
  readonly sink: FrameSink | null;
}

/** Often enough for the sockets' deadlines, which are in seconds. */
const STEP_MS = SECOND;

async function* sampleSlots(
  { clock, sampling }: StreamOptions,
  day: DayStreams,
  session: SessionPlan,
  signal: AbortSignal,
): AsyncGenerator<readonly SlotResult[]> {
  const every = sampling.everySeconds * SECOND;
  const ready: (readonly SlotResult[])[] = [];
  let slot = slotAtOrAfter(session, sampling.everySeconds, clock.now());
  const advance = (): void => {
    if (slot === null) return;
    const next: Instant = plus(slot, every);
    slot = next < session.closesAt ? next : null;
  };
  const sampleUntil = (at: Instant): void => {
    while (slot !== null && slot <= at) {
      ready.push(day.sample(slot));
      advance();
    }
  };
  // Sample only slots before the change: a book received at a slot's own instant belongs to the slot.
  day.beforeChange = (at) => {
    sampleUntil(plus(at, -1));
  };
  // Continue after the last slot, because the frames until the close are recorded too.
  while ((slot !== null || ready.length > 0 || clock.now() < session.closesAt) && !signal.aborted) {
    // The clock was set back: restart at the current slot.
    if (slot !== null && slot - clock.now() > every + SECOND && ready.length === 0) {
      slot = slotAtOrAfter(session, sampling.everySeconds, clock.now()) ?? slot;
    }
    // Sample before the step, which may close a connection whose books were good at the slot.
    sampleUntil(clock.now());
    day.step();
    const batch = ready.shift();
    if (batch !== undefined) {
      yield batch;
      continue;
    }
    // The clock was set back after the last slot: the caller observes again.
    if (slot === null && slotAtOrAfter(session, sampling.everySeconds, clock.now()) !== null)
      return;
    const wakeAt = plus(clock.now(), STEP_MS);
    const next = slot ?? session.closesAt;
    const until = next < wakeAt ? next : wakeAt;
    await clock.sleepUntil(until, signal).catch((caught: unknown) => {
      if (!signal.aborted) throw caught;
    });
  }
}

/** A symbol without a frame for so long in continuous trading is silent. */
const SILENT_AFTER_MS = MINUTE;
const DELIVERY_INTERVAL_MS = 5 * MINUTE;

/** The sockets of a session. */
class DayStreams implements AsyncDisposable {
  /** Called before a book changes. */
  beforeChange: (at: Instant) => void = () => undefined;
  readonly #options: DayOptions;
  readonly #topics: Topics;
  readonly #quotes: HsmSocket;
  /** Empty with `hsm`. */
  readonly #depths: readonly DepthSocket[];
  readonly #sockets: readonly StreamSocket[];
  readonly #losses: ReturnType<typeof lossesOf>;
  #deliveryAt: Instant;
  #tradesSince: Instant | null = null;

  constructor(options: DayOptions) {
    this.#options = options;
    this.#topics = topicsOf(options);
    const { quotes, depths } = openSockets(options, this.#topics, (at) => {
      this.beforeChange(at);
    });
    [this.#quotes, this.#depths] = [quotes, depths];
    const depthSockets = depths.map(({ socket }) => socket);
    // Without a topic there is nothing to subscribe.
    this.#sockets = [...depthSockets, ...(this.#topics.size > 0 ? [quotes] : [])];
    this.#losses = lossesOf(options, () => {
      const asked = options.kind === 'tbt' ? depthSockets : [quotes];
      for (const { subscriptions } of asked) subscriptions.requireAllSnapshots(options.clock.now());
    });
    this.#deliveryAt = plus(options.clock.now(), DELIVERY_INTERVAL_MS);
  }

  /** Opens, pings and closes the sockets that are due. */
  step(): void {
    const { clock, sink, session, notes } = this.#options;
    const now = clock.now();
    sink?.step();
    this.#losses.take();
    const isTrading = phaseAt(session, now)?.name === 'CONTINUOUS';
    this.#tradesSince = isTrading ? (this.#tradesSince ?? now) : null;
    // Open one socket at a time, because sockets that open together may be refused together.
    for (const socket of this.#sockets) {
      socket.step(isTrading);
      if (!socket.connection.hasSettled) break;
    }
    if (now < this.#deliveryAt) return;
    this.#deliveryAt = plus(now, DELIVERY_INTERVAL_MS);
    this.#losses.note();
    const counts = this.#sockets.flatMap(({ subscriptions }) => [...subscriptions.takeCounts()]);
    notes.push({ event: 'delivery', message: deliveryText(counts), at: now });
  }

  sample(slot: Instant): readonly SlotResult[] {
    return this.#options.symbols.map((symbol) => this.#resultOf(symbol, slot));
  }

  silentSymbols(): readonly string[] {
    const from = plus(this.#options.clock.now(), -SILENT_AFTER_MS);
    if (this.#tradesSince === null || this.#tradesSince > from) return [];
    if (this.#options.kind === 'tbt') {
      return this.#depths.flatMap(({ socket }) => socket.subscriptions.silentSince(from));
    }
    const silent = new Set(this.#quotes.subscriptions.silentSince(from));
    return this.#options.symbols.filter((symbol) => {
      const own = this.#topics.get(symbol);
      return own === undefined || silent.has(own.depth ?? own.quote);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { connection } of this.#sockets) await connection[Symbol.asyncDispose]();
    await this.#options.sink?.close();
    this.#losses.note();
  }

  #resultOf(symbol: string, slot: Instant): SlotResult {
    const taken = { symbol, slot, sentAt: null };
    const own = this.#topics.get(symbol) ?? null;
    const depth = this.#depths.find(({ part }) => part.includes(symbol));
    const quotes = own === null ? null : this.#quotes;
    const found =
      depth === undefined
        ? hsmRow(this.#quotes, own, symbol, slot)
        : tbtRow(depth.socket, quotes, own?.quote ?? '', symbol, slot);
    if (typeof found !== 'string') return { ...taken, kind: 'book', ...found };
    const isWithoutToken = found === 'socket-closed' && this.#options.token() === null;
    const reason = isWithoutToken ? 'no-token' : found;
    return { ...taken, receivedAt: slot, kind: 'hole', reason };
  }
}

/** @param ended called when frames are stored again after a loss: readers then need whole books */
function lossesOf(
  { sink, notes, clock }: Pick<DayOptions, 'sink' | 'notes' | 'clock'>,
  ended: () => void,
) {
  let lost = { frames: 0, problem: '' };
  let isLosing = false;
  const take = (): void => {
    const more = sink?.takeLost() ?? null;
    if (more !== null) lost = { frames: lost.frames + more.frames, problem: more.problem };
    else if (isLosing) ended();
    isLosing = more !== null;
  };
  return {
    take,
    note(): void {
      take();
      if (lost.frames === 0) return;
      const message = `${counted(lost.frames, 'frame')} were not stored: ${lost.problem}`;
      notes.push({ event: 'frames-lost', message, at: clock.now() });
      lost = { frames: 0, problem: '' };
    },
  };
}

const MAX_NAMES = 30;
const MAX_SILENT_NAMES = 20;

/** Formats the frames by name; with very many names, their sum and the first names without a frame. */
function deliveryText(counts: readonly (readonly [string, number])[]): string {
  if (counts.length <= MAX_NAMES) {
    return counts.map(([name, frames]) => `${name} ${String(frames)}`).join(', ');
  }
  const sum = counts.reduce((total, [, frames]) => total + frames, 0);
  const silent = counts.filter(([, frames]) => frames === 0).map(([name]) => name);
  const first = silent.slice(0, MAX_SILENT_NAMES).join(', ');
  return `${counted(sum, 'frame')} of ${counted(counts.length, 'topic')}, none of ${String(silent.length)}${first === '' ? '' : `: ${first}`}`;
}

type Topics = ReadonlyMap<string, SymbolTopics>;

/** Returns the topics of each symbol; none if they are not known. */
function topicsOf({ symbols, facts }: DayOptions): Topics {
  return new Map(
    symbols.flatMap((symbol) => {
      const fyToken = facts.find((fact) => fact.symbol === symbol)?.fyToken ?? null;
      const found = topicsFor(symbol, fyToken);
      return found === null ? [] : [[symbol, found] as const];
    }),
  );
}

interface DepthSocket {
  readonly part: readonly string[];
  readonly socket: TbtSocket;
}

function openSockets(options: DayOptions, topics: Topics, beforeChange: (at: Instant) => void) {
  const { kind, notes, symbols } = options;
  const secrets = secretsOf(options.token);
  // Remove secrets from the broker's text, which may repeat a value of the request.
  const note = (event: StreamNote['event'], message: string, about?: readonly string[]): void => {
    const cleaned = { event, message: cleanWords(message, secrets()), at: options.clock.now() };
    notes.push(about === undefined ? cleaned : { ...cleaned, symbols: about });
  };
  const eventsOf = (name: string, socket: number, books?: readonly string[]): SocketEvents => {
    const { closed, ...frames } = storeFrames({ ...options, secrets }, socket, name);
    return {
      ...frames,
      changing: beforeChange,
      opened: () => {
        note('socket-open', `${name} is open`, books);
      },
      closed: (detail) => {
        closed();
        note('socket-closed', `${name}: ${detail}`, books);
      },
      refused: (detail) => {
        note('stream-refused', `${name}: ${detail}`);
      },
      gap: (symbol, detail) => {
        note('resync', `${symbol}: ${detail}`, [symbol]);
      },
    };
  };
  const wantedTopics = [...topics.values()].flatMap(({ depth, quote }) =>
    kind === 'hsm' && depth !== null ? [depth, quote] : [quote],
  );
  const quotes = new HsmSocket(
    {
      ...options,
      target: () => Promise.resolve(options.token() === null ? null : hsmTarget(options.apiUrl)),
      key: () => hsmKeyOf(options.token() ?? ''),
      // With `tbt`, the HSM socket has only prices, so its events concern no books.
      events: eventsOf('hsm', 0, kind === 'tbt' ? [] : undefined),
    },
    wantedTopics,
  );
  const parts = kind === 'tbt' ? chunksOf(symbols, TBT_SYMBOLS_PER_SOCKET) : [];
  const depths = parts.map((part, index) => ({
    part,
    socket: new TbtSocket(
      {
        ...options,
        target: () => askTbtTarget(options),
        events: eventsOf(`tbt ${String(index + 1)}`, index + 1, part),
      },
      part,
    ),
  }));
  return { quotes, depths };
}

/** Returns all tokens of the day and their keys for HSM; the same array until the token changes. */
function secretsOf(token: () => AccessToken | null): () => readonly string[] {
  let [latest, known]: [string | null, readonly string[]] = [null, []];
  return () => {
    const current = token();
    if (current !== null && current !== latest) {
      latest = current;
      const key = hsmKeyOf(current);
      known = [...known, current, ...(key === null ? [] : [key])];
    }
    return known;
  };
}

type Found = Pick<Extract<SlotResult, { kind: 'book' }>, 'book' | 'receivedAt'> | HoleReason;

function tbtRow(
  socket: TbtSocket,
  quotes: HsmSocket | null,
  quoteTopic: string,
  symbol: string,
  slot: Instant,
): Found {
  const problem = socket.connection.problemAt(slot);
  if (problem !== null) return problem;
  const book = socket.book(symbol);
  if (book === null) return 'no-snapshot';
  if (book.flaw !== null) return book.flaw;
  const isQuoted = quotes !== null && quotes.connection.problemAt(slot) === null;
  const quote = isQuoted ? quotes.topic(quoteTopic) : null;
  return { book: bookFromTbt(book, quote), receivedAt: book.receivedAt };
}

function hsmRow(
  socket: HsmSocket,
  topics: SymbolTopics | null,
  symbol: string,
  slot: Instant,
): Found {
  if (topics === null) return 'unknown-symbol';
  const problem = socket.connection.problemAt(slot);
  if (problem !== null) return problem;
  const depth = topics.depth === null ? null : socket.topic(topics.depth);
  const quote = socket.topic(topics.quote);
  const main = topics.depth === null ? quote : depth;
  if (main === null) return 'no-snapshot';
  return { book: bookFromHsm(symbol, depth, quote), receivedAt: main.receivedAt };
}

async function askTbtTarget({ apiUrl, appId, token }: DayOptions): Promise<Target | null> {
  const [id, accessToken] = [appId(), token()];
  return id === null || accessToken === null ? null : tbtTarget(apiUrl, `${id}:${accessToken}`);
}
