// Writes the frame log of a large day, the same in every run: books that walk, encoded as the
// simulator does, with connections that end, a recorder that is killed, frames that are lost, cut
// or skipped, and a segment that is damaged. No socket is involved. The ledger keeps what was sent,
// also what never arrived: for each message of a symbol, a digest of its whole book after it.
import { writeFileSync } from 'node:fs';
import { constants, crc32, zstdCompressSync } from 'node:zlib';
import { dayFolders } from '../adapters/recordings/data-folder.ts';
import type { DayEvent } from '../core/recording/day-events.ts';
import {
  encodeMark,
  frameLogHeader,
  type FrameMark,
  startFrameBatch,
} from '../core/stream/frame-log.ts';
import { formatIso, type Instant, type IstDate, instant, MINUTE, SECOND } from '../core/time.ts';
import { hsmData, hsmSnapshot, hsmUpdate, tbtFrame } from '../sandbox/fyers/stream-frames.ts';
import { digestOfLevel, type Ledger, startLedger } from './stream-ledger.ts';

export interface StreamDayOptions {
  readonly dataDir: string;
  readonly date: IstDate;
  readonly opensAt: Instant;
  readonly feed: 'tbt' | 'hsm';
  readonly symbols: number;
  readonly seconds: number;
  /** Messages about the book of a symbol; HSM sends as many about its quotes. */
  readonly perSecond: number;
  /** Whether connections end, frames are lost, and so on. */
  readonly hasFaults: boolean;
}

export interface StreamDay {
  readonly ledger: Ledger;
  /** Frames in the log. */
  readonly frames: number;
  readonly messages: number;
}

/** Symbols of a TBT socket. */
const PER_SOCKET = 5;
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
const FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
const TICK = 5;
/** Seconds until the snapshots that the recorder asks for. */
const NO_SNAPSHOT = { lost: 2, cut: 2, skipped: 2 };
/** A frame of HSM has about so many items. */
const ITEMS_PER_FRAME = 3;
const ACKNOWLEDGE_EVERY = 2;

interface Walker {
  readonly symbol: string;
  readonly socket: number;
  readonly index: number;
  /** Price in paise, quantity and orders of each place, bids before asks. */
  readonly book: Int32Array;
  /** HSM: the values as they were sent. */
  values: readonly number[];
  digest: number;
  sequence: number;
  isShifted: boolean;
}

type Random = (below: number) => number;

/** @param symbols as the ledger has them, in the order of their names */
function streamSymbols(symbols: number): readonly string[] {
  return Array.from({ length: symbols }, (_, n) => `NSE:S${String(n).padStart(4, '0')}-EQ`);
}

export async function writeStreamDay(options: StreamDayOptions): Promise<StreamDay> {
  const { opensAt, symbols, seconds, feed, hasFaults } = options;
  await writePlan(options);
  const random = randomOf(symbols);
  const walkers = streamSymbols(symbols).map((symbol, index) => newWalker(symbol, index, feed));
  const ledger = startLedger(walkers.map(({ symbol }) => symbol));
  const log = segmentWriter(options);
  const sender = feed === 'tbt' ? tbtSender(log, random) : hsmSender(log, random);
  const world: World = { ...options, walkers, ledger, log, sender, random, sent: 0 };
  const faults = hasFaults ? faultsOf(seconds, feed) : [];
  log.mark(0, opensAt, { mark: 'began' });
  connect(world, opensAt, () => true);
  for (let second = 0; second < seconds; second += 1) {
    playSecond(world, instant(opensAt + second * SECOND), faultAt(faults, second));
  }
  log.close();
  return { ledger, frames: log.frames(), messages: ledger.messages() };
}

interface World extends StreamDayOptions {
  readonly walkers: readonly Walker[];
  readonly ledger: Ledger;
  readonly log: SegmentWriter;
  readonly sender: Sender;
  readonly random: Random;
  /** Messages, so that all symbols have their turn. */
  sent: number;
}

/**
 * closed: a connection ends · killed: the recorder, with what it had not written · lost: frames are
 * not stored · cut: one frame ends early · skipped: one never arrives · damaged: the segment of this
 * second cannot be read.
 */
type FaultKind = 'closed' | 'killed' | 'lost' | 'cut' | 'skipped' | 'damaged';

interface Fault {
  readonly kind: FaultKind;
  readonly from: number;
  /** Seconds without a connection, or until the next snapshot. */
  readonly seconds: number;
}

/** HSM frames have no numbers, so a skipped one cannot be noticed. */
function faultsOf(seconds: number, feed: 'tbt' | 'hsm'): readonly Fault[] {
  const kinds: readonly FaultKind[] = ['closed', 'killed', 'lost', 'cut', 'skipped', 'damaged'];
  const used = kinds.filter((kind) => feed === 'tbt' || kind !== 'skipped');
  const rounds = Math.max(1, Math.floor(seconds / 3_600));
  return Array.from({ length: rounds }, (_, round) => used.map((kind, n) => ({ kind, n, round })))
    .flat()
    .map(({ kind, n, round }) => ({
      kind,
      from: Math.floor(((round + (n + 0.5) / used.length) * seconds) / rounds),
      // A damaged segment is noticed long after: books are known again with the next connection.
      seconds: { ...NO_SNAPSHOT, closed: 20, killed: 4, damaged: 70 }[kind],
    }));
}

interface Phase {
  readonly kind: FaultKind;
  readonly stage: 'begins' | 'lasts' | 'ends';
}

function faultAt(faults: readonly Fault[], second: number): Phase | null {
  for (const { kind, from, seconds } of faults) {
    if (second === from) return { kind, stage: 'begins' };
    if (second > from && second < from + seconds) return { kind, stage: 'lasts' };
    if (second === from + seconds) return { kind, stage: 'ends' };
  }
  return null;
}

function playSecond(world: World, at: Instant, phase: Phase | null): void {
  const { log, walkers, perSecond, sender, ledger, random } = world;
  if (phase?.stage === 'ends') endFault(world, at, phase.kind);
  const isUnheard = (walker: Walker): boolean =>
    phase !== null && phase.stage !== 'ends' && isCutOff(phase, walker);
  const count = Math.round(perSecond * walkers.length);
  // The second before the kill is the one that is not on disk.
  const single = phase?.stage === 'begins' ? Math.floor(count / 2) : -1;
  for (let n = 0; n < count; n += 1) {
    const walker = walkers[world.sent % walkers.length];
    if (walker === undefined) return;
    world.sent += 1;
    const now = instant(at + Math.floor((n * SECOND) / count));
    const places = move(walker, random);
    walker.sequence += 1;
    ledger.enter(walker.index, now, walker.sequence, walker.digest);
    const isCut = n === single && phase?.kind === 'cut';
    const isSkipped = n === single && phase?.kind === 'skipped';
    // The recorder ends a connection of HSM then.
    const isEnded = phase !== null && world.feed === 'hsm' && isAfterCut(phase, n > single);
    if (isUnheard(walker) || isSkipped || isEnded) sender.skip(walker);
    else sender.send(walker, now, places, isCut);
  }
  sender.flush();
  if (phase?.stage === 'begins' && phase.kind === 'lost') {
    log.mark(0, at, { mark: 'lost', frames: count });
  }
  if (phase?.stage === 'begins' && phase.kind === 'closed') {
    log.mark(world.feed === 'hsm' ? 0 : 1, at, { mark: 'closed' });
  }
  log.endSecond(at, phase?.kind === 'damaged' && phase.stage === 'begins');
}

function isAfterCut({ kind, stage }: Phase, isLater: boolean): boolean {
  return kind === 'cut' && (stage === 'lasts' || (stage === 'begins' && isLater));
}

function isCutOff({ kind, stage }: Phase, { socket }: Walker): boolean {
  if (kind === 'closed') return socket <= 1;
  return kind === 'killed' || (kind === 'lost' && stage === 'begins');
}

function endFault(world: World, at: Instant, kind: FaultKind): void {
  if (kind === 'killed') world.log.mark(0, at, { mark: 'began' });
  if (kind === 'lost' || kind === 'skipped' || (kind === 'cut' && world.feed === 'tbt')) {
    snapshots(world, at, () => true);
    return;
  }
  connect(world, at, ({ socket }) => kind !== 'closed' || socket <= 1);
}

function connect(world: World, at: Instant, which: (walker: Walker) => boolean): void {
  const { log, walkers, feed } = world;
  const sockets = new Set(walkers.filter(which).map(({ socket }) => socket));
  for (const socket of sockets) {
    const login = { acknowledgeEvery: ACKNOWLEDGE_EVERY, liteCounts: null };
    const tbt: FrameMark = { mark: 'opened', name: `tbt ${String(socket)}` };
    log.mark(socket, at, feed === 'hsm' ? { mark: 'opened', name: 'hsm', login } : tbt);
  }
  snapshots(world, at, which);
}

function snapshots(world: World, at: Instant, which: (walker: Walker) => boolean): void {
  const { walkers, ledger, sender } = world;
  for (const walker of walkers.filter(which)) {
    walker.sequence += 1;
    ledger.enter(walker.index, at, walker.sequence, walker.digest);
    sender.snapshot(walker, at);
  }
  sender.flush();
}

function newWalker(symbol: string, index: number, feed: 'tbt' | 'hsm'): Walker {
  const levels = feed === 'tbt' ? 50 : 5;
  const book = new Int32Array(6 * levels);
  let digest = 0;
  for (let place = 0; place < 2 * levels; place += 1) {
    const step = TICK * ((place % levels) + 1);
    const price = 80_000 + 20 * index + (place < levels ? -step : step);
    book.set([price, 100 + place, 1 + (place % 7)], 3 * place);
    digest = (digest + digestOfLevel(place, price, 100 + place, 1 + (place % 7))) >>> 0;
  }
  const socket = feed === 'tbt' ? 1 + Math.floor(index / PER_SOCKET) : 0;
  return { symbol, socket, index, book, digest, values: [], sequence: 0, isShifted: false };
}

/** Changes one to three levels or, rarely, the prices of a whole side. Returns their places. */
function move(walker: Walker, random: Random): readonly number[] {
  const { book } = walker;
  const levels = book.length / 6;
  if (levels > 5 && random(50) === 0) {
    const step = walker.isShifted ? TICK : -TICK;
    walker.isShifted = !walker.isShifted;
    const places = Array.from({ length: levels }, (_, place) => place);
    for (const place of places) change(walker, place, step, random);
    return places;
  }
  const first = random(2 * levels);
  const count = 1 + random(3);
  const places: number[] = [];
  for (let n = 0; n < count; n += 1) places.push((first + n * 3) % (2 * levels));
  for (const place of places) change(walker, place, 0, random);
  return places;
}

function change(walker: Walker, place: number, step: number, random: Random): void {
  const { book } = walker;
  const [price = 0, quantity = 0, orders = 0] = book.subarray(3 * place, 3 * place + 3);
  const now = [price + step, 1 + ((quantity + random(9_000)) % 9_001), 1 + random(60)] as const;
  const before = digestOfLevel(place, price, quantity, orders);
  walker.digest = (walker.digest - before + digestOfLevel(place, ...now)) >>> 0;
  book.set(now, 3 * place);
}

interface Sender {
  send(walker: Walker, at: Instant, places: readonly number[], isCut: boolean): void;
  /** The message does not arrive. */
  skip(walker: Walker): void;
  snapshot(walker: Walker, at: Instant): void;
  /** Ends the frame that was begun. */
  flush(): void;
}

function tbtSender(log: SegmentWriter, random: Random): Sender {
  const send = (walker: Walker, at: Instant, places: readonly number[], isSnapshot: boolean) => {
    const { symbol, sequence, index, book } = walker;
    const levels = book.length / 6;
    const side = (isOf: (place: number) => boolean) =>
      places.filter(isOf).map((place) => ({ num: place % levels, level: levelOf(book, place) }));
    return tbtFrame({
      ...{ symbol, token: `1010000000${String(index)}`, sequence, isSnapshot, at },
      totals: { totalBuyQuantity: random(9_000_000), totalSellQuantity: random(9_000_000) },
      ...{ bids: side((place) => place < levels), asks: side((place) => place >= levels) },
    });
  };
  return {
    send(walker, at, places, isCut) {
      const frame = send(walker, at, places, false);
      log.frame(walker.socket, at, isCut ? frame.subarray(0, -3) : frame);
    },
    skip: () => undefined,
    snapshot(walker, at) {
      const all = Array.from({ length: walker.book.length / 3 }, (_, place) => place);
      log.frame(walker.socket, at, send(walker, at, all, true));
    },
    flush: () => undefined,
  };
}

function levelOf(book: Int32Array, place: number) {
  const [pricePaise = 0, quantity = 0, orders = 0] = book.subarray(3 * place, 3 * place + 3);
  return { pricePaise, quantity, orders };
}

/** The broker sends the latest state, so that the next message has what an earlier one lost. */
function hsmSender(log: SegmentWriter, random: Random): Sender {
  let [items, began, message]: [Buffer[], Instant, number] = [[], instant(0), 0];
  const quotes = Array.from({ length: 21 }, (_, field) => field);
  const flush = (isCut = false): void => {
    if (items.length === 0) return;
    message += 1;
    const frame = hsmData(message, items);
    log.frame(0, began, isCut ? frame.subarray(0, -3) : frame);
    items = [];
  };
  return {
    send(walker, at, _places, isCut) {
      // All items of a frame have one receive time.
      if (items.length >= ITEMS_PER_FRAME || began !== at) flush();
      began = at;
      const values = depthValues(walker.book);
      items.push(hsmUpdate(2 * walker.index, walker.values, values));
      walker.values = values;
      const now = [random(90_000), random(90_000), ...quotes.slice(2)];
      items.push(hsmUpdate(2 * walker.index + 1, quotes, now));
      if (isCut) flush(true);
    },
    skip(walker) {
      walker.values = depthValues(walker.book);
    },
    snapshot(walker, at) {
      if (items.length >= ITEMS_PER_FRAME || began !== at) flush();
      began = at;
      const { symbol, index } = walker;
      walker.values = depthValues(walker.book);
      const topic = (kind: string) => ({ symbol, name: `${kind}|nse_cm|${String(index + 1)}` });
      items.push(hsmSnapshot(2 * index, topic('dp'), walker.values));
      items.push(hsmSnapshot(2 * index + 1, topic('sf'), quotes));
    },
    flush: () => {
      flush();
    },
  };
}

/** Ten prices, ten quantities, ten numbers of orders. Divided by 10,000 by the reader. */
function depthValues(book: Int32Array): readonly number[] {
  const values = new Array<number>(30);
  for (let place = 0; place < 10; place += 1) {
    values[place] = 100 * (book[3 * place] ?? 0);
    values[10 + place] = book[3 * place + 1] ?? 0;
    values[20 + place] = book[3 * place + 2] ?? 0;
  }
  return values;
}

type SegmentWriter = ReturnType<typeof segmentWriter>;

/** A batch a second and a segment a minute, as the recorder writes them. */
function segmentWriter({ dataDir, date }: StreamDayOptions) {
  const folder = dayFolders(dataDir).folder(date);
  const batch = startFrameBatch(crc32);
  let [parts, bytes, segments, frames]: [Uint8Array[], number, number, number] = [[], 0, 0, 0];
  let since: Instant | null = null;
  let isDamaged = false;
  const write = (): void => {
    if (parts.length === 0 || since === null) return;
    segments += 1;
    const time = formatIso(since).slice(11, 19).replaceAll(':', '');
    const name = `frames-${time}-${String(segments).padStart(4, '0')}.bin.zst`;
    const whole = Buffer.concat([frameLogHeader(), ...parts]);
    const packed = zstdCompressSync(whole, FAST);
    writeFileSync(folder.pathOf(name), isDamaged ? packed.subarray(100) : packed);
    [parts, bytes, since, isDamaged] = [[], 0, null, false];
  };
  return {
    frames: () => frames,
    frame(socket: number, receivedAt: Instant, frame: Uint8Array): void {
      batch.add({ kind: 'frame', socket, receivedAt, bytes: frame });
      frames += 1;
    },
    mark(socket: number, receivedAt: Instant, mark: FrameMark): void {
      batch.add({ kind: 'mark', socket, receivedAt, bytes: encodeMark(mark) });
    },
    endSecond(at: Instant, damages: boolean): void {
      since ??= at;
      isDamaged ||= damages;
      const taken = batch.bytes() === 0 ? new Uint8Array() : batch.take();
      parts.push(taken);
      bytes += taken.length;
      if (at - since >= MINUTE - SECOND || bytes >= MAX_SEGMENT_BYTES) write();
    },
    close: write,
  };
}

async function writePlan(options: StreamDayOptions): Promise<void> {
  const { dataDir, date, opensAt, symbols, seconds, feed } = options;
  const names = streamSymbols(symbols);
  const logs = await dayFolders(dataDir).open(date);
  const facts = { alias: null, isin: null, tick: null, lot: null, auction: null, lastClose: null };
  const events: DayEvent[] = names.map((symbol, index) => ({
    ...{ event: 'symbol', at: opensAt, symbol, ...facts },
    fyToken: `1010000000${String(index + 1)}`,
  }));
  const closesAt = instant(opensAt + seconds * SECOND);
  await logs.record([
    {
      ...{ event: 'plan', at: opensAt, symbols: [...names], everySeconds: 60, opensAt, closesAt },
      ...{ from: opensAt, feed, session: 'normal', certainty: 'sourced', source: 'test' },
    },
    ...events,
  ]);
  await logs.close();
}

function randomOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}
