// Lists edits of the streams: their readers, books, connections, stored frames and updates.
import type { Mutation } from '../tree.ts';

const TBT = ['test/core/stream/tbt.test.ts'];
const HSM = ['test/core/stream/hsm.test.ts'];
const FEED = ['test/adapters/fyers/stream/feed.test.ts'];
const CONNECTION = ['test/adapters/fyers/stream/connection.test.ts'];
const UPDATES = ['test/core/stream/updates.test.ts'];
const FRAME_LOG = ['test/core/stream/frame-log.test.ts'];
const RECORDER = ['test/adapters/recordings/frame-recorder.test.ts'];

export const STREAM: readonly Mutation[] = [
  {
    name: 'the first part of a cut TBT frame is applied',
    file: 'core/stream/tbt-frame.ts',
    find: 'return cursor.isBroken ? null : message;',
    replace: 'return message;',
    tests: TBT,
  },
  {
    name: 'a snapshot is merged into the book before it',
    file: 'core/stream/tbt-books.ts',
    find: 'if (isSnapshot && changes.length > 0) {',
    replace: 'if (!isSnapshot && changes.length > TBT_LEVELS) {',
    tests: TBT,
  },
  {
    name: 'an absent quantity becomes 0',
    file: 'core/stream/tbt-books.ts',
    find: 'if (quantity !== null) side.quantities[num] = quantity;',
    replace: 'side.quantities[num] = quantity ?? 0;',
    tests: TBT,
  },
  {
    name: 'a sequence number that goes back is no gap',
    file: 'core/stream/tbt-books.ts',
    find: 'const isGap = step < 0 || (step > 1',
    replace: 'const isGap = (step > 1',
    tests: TBT,
  },
  {
    name: 'a difference before the first snapshot makes a book sound',
    file: 'core/stream/tbt-books.ts',
    find: "    flaw: 'no-snapshot',",
    replace: '    flaw: null,',
    tests: TBT,
  },
  {
    name: 'HSM prices ignore the divisor of their topic',
    file: 'core/stream/hsm-topics.ts',
    find: 'return raw / this.#divisor;',
    replace: 'return raw / 100;',
    tests: HSM,
  },
  {
    name: 'a volume above 2^31 is negative',
    file: 'core/stream/hsm-topics.ts',
    find: 'raw + 2 ** 32 : raw',
    replace: 'raw : raw',
    tests: HSM,
  },
  {
    name: 'an absent HSM value replaces the one before it',
    file: 'core/stream/hsm-topics.ts',
    find: 'if (value !== ABSENT) this.#values[place] = value;',
    replace: 'this.#values[place] = value;',
    tests: HSM,
  },
  {
    name: 'the books of a lost connection are used again',
    file: 'adapters/fyers/stream/socket.ts',
    find: '    this.#books = startTbtBooks();',
    replace: '',
    tests: FEED,
  },
  {
    name: 'a symbol without a snapshot is not subscribed again',
    file: 'adapters/fyers/stream/socket.ts',
    find: 'if (again.length > 0) this.subscribeAgain(again);',
    replace: '',
    tests: FEED,
  },
  {
    name: 'a book that changed after the slot is the row of the slot',
    file: 'adapters/fyers/stream/feed.ts',
    find: '    sampleUntil(plus(at, -1));',
    replace: '',
    tests: FEED,
  },
  {
    name: 'a connection from which nothing comes stays open',
    file: 'adapters/fyers/stream/connection.ts',
    find: "if (now - this.#livedAt > LIFE_WITHIN_MS) this.close('silent', 'neither data nor a pong');",
    replace: "if (this.#livedAt > now) this.close('silent', 'neither data nor a pong');",
    tests: CONNECTION,
  },
  {
    name: 'the delay after failures starts over with each connection',
    file: 'adapters/fyers/stream/connection.ts',
    find: 'this.#failures = isProven ? 1 : this.#failures + 1;',
    replace: 'this.#failures = isProven ? this.#failures + 1 : 1;',
    tests: CONNECTION,
  },
  {
    name: 'a refusal is asked again at once',
    file: 'adapters/fyers/stream/connection.ts',
    find: 'Math.max(delay, this.#minDelayMs)',
    replace: 'Math.min(delay, this.#minDelayMs)',
    tests: FEED,
  },
  {
    name: 'a frame that contains the token is stored',
    file: 'adapters/fyers/stream/socket.ts',
    find: 'if (needles().some((secret) => frame.includes(secret))) {',
    replace: 'if (needles().every((secret) => frame.length < secret.length)) {',
    tests: ['test/adapters/fyers/stream/frame-store.test.ts'],
  },
  {
    name: 'a damaged batch of frames is read',
    file: 'core/stream/frame-log.ts',
    find: 'const records = found ? countRecords(batch) : null;',
    replace: 'const records = countRecords(batch) ?? (found ? 0 : null);',
    tests: FRAME_LOG,
  },
  {
    name: 'frames that the disk refused leave no mark',
    file: 'adapters/recordings/frame-recorder.ts',
    find: 'const frames = before.frames + taken.frames + taken.markedLost;',
    replace: 'const { frames } = before;',
    tests: RECORDER,
  },
  {
    name: 'frames wait in memory without a limit',
    file: 'adapters/recordings/frame-recorder.ts',
    find: 'waiting.bytes() + bytes.length <= MAX_WAITING_BYTES',
    replace: 'waiting.bytes() <= Infinity',
    tests: RECORDER,
  },
  {
    name: 'the books of a closed connection stay sound in the updates',
    file: 'core/stream/updates.ts',
    find: "    case 'opened':\n    case 'closed':\n      endBooks(context, socket, 'closed', receivedAt);",
    replace: "    case 'opened':\n    case 'closed':",
    tests: UPDATES,
  },
  {
    name: 'lost frames leave no gap in the updates',
    file: 'core/stream/updates.ts',
    find: "endBooks(context, 'all', 'lost', context.last);",
    replace: '',
    tests: UPDATES,
  },
  {
    name: 'a full buffer of updates is not kept',
    file: 'adapters/recordings/update-spill.ts',
    find: 'parts.push(out.append(compressed), compressed.length, messages, levels);',
    replace: 'out.append(compressed);',
    tests: ['test/adapters/recordings/update-spill.test.ts'],
  },
  {
    name: 'the levels of a message have the heading of the one before',
    file: 'adapters/recordings/update-spill.ts',
    find: 'packed[index * messages + message]',
    replace: 'packed[index * messages + Math.max(0, message - 1)]',
    tests: ['test/adapters/recordings/update-spill.test.ts'],
  },
  {
    name: 'a page is freed before it is compared',
    file: 'adapters/recordings/parquet/pages.ts',
    find: '  const isSame =',
    replace: '  for (const each of page.unpacked) release(each);\n  const isSame =',
    tests: ['test/adapters/recordings/parquet/parquet.test.ts'],
  },
  {
    name: 'a compressed page is freed before it is written',
    file: 'adapters/recordings/parquet/chunk.ts',
    find: '    writer.appendBytes(compressed);\n',
    replace: '    release(compressed);\n    writer.appendBytes(compressed);\n',
    tests: ['test/adapters/recordings/parquet/parquet.test.ts'],
  },
  {
    name: 'the whole book is not repeated each minute',
    file: 'core/stream/updates.ts',
    find: ">= SNAPSHOT_INTERVAL ? 'minute' : null",
    replace: '>= SNAPSHOT_INTERVAL ? null : null',
    tests: UPDATES,
  },
  {
    name: 'the sockets of two harvesters are not added',
    file: 'core/config/stream-limits.ts',
    find: 'sockets.reduce((total, one) => total + one, 0)',
    replace: 'Math.max(0, ...sockets)',
    tests: ['test/core/config/stream-limits.test.ts'],
  },
  {
    name: 'REST is asked at the first hole of a stream',
    file: 'adapters/fyers/stream/rest-fallback.ts',
    find: 'const MAX_HOLES = 2;',
    replace: 'const MAX_HOLES = 0;',
    tests: ['test/adapters/fyers/stream/rest-fallback.test.ts'],
  },
];
