// Counts in stored frames what the broker's documents leave open. TBT frames are read with
// protobufjs and the whole published form, so that a rule of our own reader cannot hide what the
// server sends; HSM frames with our reader, because no other one reads them correctly.
import protobuf from 'protobufjs';
import { type FrameRecord, parseMark } from '../core/stream/frame-log.ts';
import { decodeHsmData } from '../core/stream/hsm-frame.ts';

export interface Answer {
  readonly question: string;
  /** Counts in a sentence; no token, account or price. */
  readonly answer: string;
}

/** The compiled descriptors of fyers_apiv3 3.2.0 and fyers-api-v3 1.9.0, without the fields that no client reads. */
const FORM = `
syntax = "proto3";
message I64 { int64 value = 1; }
message U64 { uint64 value = 1; }
message U32 { uint32 value = 1; }
message MarketLevel { I64 price = 1; U32 qty = 2; U32 nord = 3; U32 num = 4; }
message Depth { U64 tbq = 1; U64 tsq = 2; repeated MarketLevel asks = 3; repeated MarketLevel bids = 4; }
message MarketFeed {
  Depth depth = 5; U64 feedTime = 6; U64 sendTime = 7; string token = 8; uint64 sequenceNo = 9;
  bool snapshot = 10; string ticker = 11;
}
message SocketMessage {
  int32 type = 1; map<string, MarketFeed> feeds = 2; bool snapshot = 3; string msg = 4; bool error = 5;
}
`;
export const SocketMessage = protobuf.parse(FORM).root.lookupType('SocketMessage');

interface Wrapped {
  readonly value: number;
}

interface Level {
  readonly price?: Wrapped;
  readonly qty?: Wrapped;
  readonly nord?: Wrapped;
  readonly num?: Wrapped;
}

interface Feed {
  readonly depth?: {
    readonly tbq?: Wrapped;
    readonly tsq?: Wrapped;
    readonly asks?: readonly Level[];
    readonly bids?: readonly Level[];
  };
  readonly feedTime?: Wrapped;
  readonly sequenceNo?: number;
  readonly snapshot?: boolean;
  readonly ticker?: string;
}

interface Message {
  readonly feeds?: Readonly<Record<string, Feed>>;
  readonly snapshot?: boolean;
  readonly error?: boolean;
}

const HSM_SOCKET = 0;
const MICROSECONDS = 1_000_000;
const WHOLE_SIDE_LEVELS = 25;
const BOOK_LEVELS = 50;

/** Counts by a name; prints the largest first. */
function tally() {
  const counts = new Map<string, number>();
  return {
    add(name: string, by = 1): void {
      counts.set(name, (counts.get(name) ?? 0) + by);
    },
    of: (name: string): number => counts.get(name) ?? 0,
    names: (): readonly string[] => [...counts.keys()],
    text(): string {
      const sorted = [...counts].sort((a, b) => b[1] - a[1]);
      return sorted.map(([name, count]) => `${name}: ${count.toLocaleString('en')}`).join(' · ');
    },
  };
}

type Tally = ReturnType<typeof tally>;

/** Empty if there is no frame. Records in the order of the log. */
export async function answersFrom(
  records: AsyncIterable<FrameRecord> | Iterable<FrameRecord>,
): Promise<readonly Answer[]> {
  const [tbt, hsm] = [tbtCounts(), hsmCounts()];
  const connections = tally();
  const unreadable = tally();
  for await (const record of records) {
    const isHsm = record.socket === HSM_SOCKET;
    if (record.kind === 'frame') (isHsm ? hsm : tbt).frame(record);
    else {
      const mark = parseMark(record.bytes);
      if (mark?.mark === 'opened') {
        connections.add(mark.name);
        (isHsm ? hsm : tbt).opened(record.socket, mark.login ?? null);
      }
      if (mark?.mark === 'bad-frame') unreadable.add(isHsm ? 'hsm' : 'tbt');
    }
  }
  const answers = [...tbt.answers(), ...hsm.answers()];
  if (answers.length === 0) return [];
  return [
    { question: 'Connections by socket', answer: connections.text() },
    { question: 'Frames that the recorder could not read', answer: unreadable.text() || 'none' },
    ...answers,
  ];
}

interface Counter {
  opened(socket: number, login: Login | null): void;
  frame(record: FrameRecord): void;
  answers(): readonly Answer[];
}

interface Login {
  readonly acknowledgeEvery: number;
  readonly liteCounts: Readonly<Record<string, number | null>> | null;
}

function tbtCounts(): Counter {
  const counts = {
    frames: 0,
    ...{ symbolSteps: tally(), socketSteps: tally(), first: tally(), flags: tally() },
    ...{ feedsInMessage: tally(), keys: tally(), feedTimeDigits: tally(), lists: tally() },
    ...{ levelsInDifference: tally(), levels: tally(), bookLevels: tally() },
    ...{ rates: rateCounter(), unreadByProtobufjs: 0 },
  };
  const lastBySymbol = new Map<string, number>();
  const lastBySocket = new Map<number, number>();
  /** Socket and symbol of a connection that has had its first message. */
  const seen = new Set<string>();
  const countFeed = (socket: number, key: string, feed: Feed, message: Message): void => {
    const symbol = feed.ticker ?? key;
    const sequence = feed.sequenceNo ?? 0;
    const isSnapshot = message.snapshot === true || feed.snapshot === true;
    countStep(counts.symbolSteps, lastBySymbol.get(symbol), sequence);
    lastBySymbol.set(symbol, sequence);
    countStep(counts.socketSteps, lastBySocket.get(socket), sequence);
    lastBySocket.set(socket, sequence);
    const connection = `${String(socket)} ${symbol}`;
    if (!seen.has(connection)) counts.first.add(isSnapshot ? 'a snapshot' : 'a difference');
    seen.add(connection);
    if (isSnapshot) counts.flags.add(flagsOf(message, feed));
    counts.keys.add(keyKind(key, feed.ticker));
    if (feed.feedTime !== undefined) {
      counts.feedTimeDigits.add(`${String(String(feed.feedTime.value).length)} digits`);
    }
    for (const side of [feed.depth?.bids ?? [], feed.depth?.asks ?? []]) {
      countLevels(side, isSnapshot, counts);
    }
  };
  return {
    opened(socket) {
      lastBySocket.delete(socket);
      for (const each of seen) if (each.startsWith(`${String(socket)} `)) seen.delete(each);
    },
    frame({ socket, bytes, receivedAt }) {
      counts.frames += 1;
      const message = decodeMessage(bytes);
      if (message === null) {
        counts.unreadByProtobufjs += 1;
        return;
      }
      const feeds = Object.entries(message.feeds ?? {});
      counts.feedsInMessage.add(`${String(feeds.length)} feeds`);
      for (const [key, feed] of feeds) {
        counts.rates.add(kindOf(feed.ticker ?? key), receivedAt);
        countFeed(socket, key, feed, message);
      }
    },
    answers: () => (counts.frames === 0 ? [] : tbtAnswers(counts)),
  };
}

interface LevelCounts {
  readonly levels: Tally;
  readonly lists: Tally;
  readonly levelsInDifference: Tally;
  readonly bookLevels: Tally;
}

function countLevels(side: readonly Level[], isSnapshot: boolean, counts: LevelCounts): void {
  if (side.length === 0) return;
  if (isSnapshot) {
    const filled = side.filter(({ qty }) => (qty?.value ?? 0) > 0).length;
    counts.bookLevels.add(filled < BOOK_LEVELS ? 'fewer than 50 levels' : '50 levels');
  } else {
    counts.levelsInDifference.add('levels', side.length);
    counts.levelsInDifference.add('sides');
    if (side.length >= WHOLE_SIDE_LEVELS) counts.levelsInDifference.add('sides of 25 and more');
  }
  const inOrder = side.every(({ num }, place) => num?.value === place);
  counts.lists.add(inOrder ? 'numbered as their place' : 'partial or in another order');
  for (const { num, qty, price, nord } of side) {
    if (num === undefined) counts.levels.add('without a number');
    if (qty?.value === 0) counts.levels.add('quantity 0');
    if (qty === undefined) counts.levels.add('no quantity');
    if (price === undefined) counts.levels.add('no price');
    if (nord === undefined) counts.levels.add('no orders');
    counts.levels.add('all');
  }
}

function tbtAnswers(counts: LevelCounts & TbtResults): readonly Answer[] {
  const { levelsInDifference: differences } = counts;
  const sides = Math.max(1, differences.of('sides'));
  return [
    ...[
      ['Steps of sequence_no from message to message of a symbol', counts.symbolSteps.text()],
      ['Steps of sequence_no from message to message of a socket', counts.socketSteps.text()],
      ['First message of a symbol after a connection', counts.first.text()],
      ['Flags of a snapshot', counts.flags.text()],
      ['Feeds in a message', counts.feedsInMessage.text()],
      ['Key of a feed', counts.keys.text()],
      ['Digits of feed_time (10: s, 13: ms, 16: µs, 19: ns)', counts.feedTimeDigits.text()],
      ['Lists of levels', counts.lists.text()],
      ['Levels', counts.levels.text()],
      ['Sides of a snapshot', counts.bookLevels.text()],
      [
        'Levels in a difference, for each side that it lists',
        `${(differences.of('levels') / sides).toFixed(1)} on average · ${percent(differences.of('sides of 25 and more'), sides)} have 25 or more`,
      ],
      ['Messages a second, by kind of symbol', counts.rates.text()],
      ['TBT frames that protobufjs cannot read', String(counts.unreadByProtobufjs)],
    ].map(([question = '', answer = '']) => ({ question, answer: answer || 'none' })),
  ];
}

interface TbtResults {
  readonly symbolSteps: Tally;
  readonly socketSteps: Tally;
  readonly first: Tally;
  readonly flags: Tally;
  readonly feedsInMessage: Tally;
  readonly keys: Tally;
  readonly feedTimeDigits: Tally;
  readonly rates: ReturnType<typeof rateCounter>;
  readonly unreadByProtobufjs: number;
}

function decodeMessage(bytes: Uint8Array): Message | null {
  try {
    return SocketMessage.toObject(SocketMessage.decode(bytes), { longs: Number });
  } catch {
    return null;
  }
}

function countStep(steps: Tally, before: number | undefined, sequence: number): void {
  if (before === undefined || before === 0 || sequence === 0) return;
  const step = sequence - before;
  if (step === 1 || step === 0) steps.add(`of ${String(step)}`);
  else steps.add(step < 0 ? 'back' : 'of 2 and more');
}

function flagsOf(message: Message, feed: Feed): string {
  if (message.snapshot === true && feed.snapshot === true) return 'of message and feed';
  return message.snapshot === true ? 'of the message only' : 'of the feed only';
}

function keyKind(key: string, ticker: string | undefined): string {
  if (ticker === undefined || ticker === '') return 'feed without a ticker';
  if (key === ticker) return 'the ticker';
  return /^\d+$/.test(key) ? 'a number' : 'another text';
}

function kindOf(symbol: string): string {
  if (/-[A-Z]{2}$/.test(symbol)) return 'shares';
  if (symbol.endsWith('FUT')) return 'futures';
  return /(?:CE|PE)$/.test(symbol) ? 'options' : 'others';
}

/** Mean over the seconds with a message, and the largest second. */
function rateCounter() {
  const seconds = new Map<string, Map<number, number>>();
  return {
    add(kind: string, receivedAt: number): void {
      const bySecond = seconds.get(kind) ?? new Map<number, number>();
      seconds.set(kind, bySecond);
      const second = Math.floor(receivedAt / MICROSECONDS);
      bySecond.set(second, (bySecond.get(second) ?? 0) + 1);
    },
    text(): string {
      return [...seconds]
        .map(([kind, bySecond]) => {
          const counts = [...bySecond.values()];
          const sum = counts.reduce((all, count) => all + count, 0);
          const most = counts.reduce((max, count) => Math.max(max, count), 0);
          return `${kind}: ${(sum / counts.length).toFixed(1)} on average, ${String(most)} at most`;
        })
        .join(' · ');
    },
  };
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
}

function hsmCounts(): Counter {
  let login: Login | null = null;
  let frames = 0;
  /** Topic names of the connection by their number. */
  const names = new Map<number, string>();
  const [logins, items, divisors, numbers] = [tally(), tally(), tally(), tally()];
  const rates = rateCounter();
  return {
    opened(_socket, answer) {
      login = answer;
      names.clear();
      logins.add(loginText(answer));
    },
    frame({ bytes, receivedAt }) {
      frames += 1;
      const data = decodeHsmData(bytes, {
        isNumbered: (login?.acknowledgeEvery ?? 0) > 0,
        liteCountOf: (topic, inFrame) =>
          login?.liteCounts?.[kindOfTopic(inFrame.get(topic) ?? names.get(topic))] ?? null,
      });
      numbers.add(data === null ? 'not readable' : data.message === null ? 'without' : 'with');
      for (const item of data?.items ?? []) {
        if (item.kind === 'snapshot') {
          names.set(item.topic, item.name);
          const segment = item.name.split('|').slice(0, 2).join('|');
          divisors.add(`${segment} ${String(item.divisor)}`);
        }
        const name = names.get(item.topic);
        items.add(name === undefined ? `${item.kind} of an unknown topic` : item.kind);
        rates.add(kindOfTopic(name), receivedAt);
      }
    },
    answers: () =>
      frames === 0
        ? []
        : [
            { question: 'Answer to the HSM login', answer: logins.text() },
            { question: 'Message numbers of HSM data frames', answer: numbers.text() },
            { question: 'HSM items', answer: items.text() },
            { question: 'Divisor of prices, in snapshots', answer: divisors.text() || 'none' },
            { question: 'HSM items a second, by kind of topic', answer: rates.text() },
          ],
  };
}

function loginText(login: Login | null): string {
  const lite = Object.entries(login?.liteCounts ?? {});
  const counts = lite.map(([kind, count]) => `${kind} ${String(count)}`).join(', ');
  return `acknowledge every ${String(login?.acknowledgeEvery ?? 0)}, values of a lite item ${counts || 'not in it'}`;
}

function kindOfTopic(name: string | undefined): string {
  return name?.slice(0, name.indexOf('|')) ?? 'unknown';
}
