// Lists edits of the streams: their readers, books, connections, stored frames and updates.
import { editsOf, type Mutation } from '../tree.ts';

const TBT = 'test/core/stream/tbt.test.ts';
const HSM = 'test/core/stream/hsm.test.ts';
const FEED = 'test/adapters/fyers/stream/feed.test.ts';
const CONNECTION = 'test/adapters/fyers/stream/connection.test.ts';
const UPDATES = 'test/core/stream/updates.test.ts';
const FRAME_LOG = 'test/core/stream/frame-log.test.ts';
const RECORDER = 'test/adapters/recordings/frame-recorder.test.ts';

export const STREAM: readonly Mutation[] = [
  ...editsOf('core/stream/tbt-frame.ts', TBT, {
    'the first part of a cut TBT frame is applied': [
      'return cursor.isBroken ? null : message;',
      'return message;',
    ],
  }),
  ...editsOf('core/stream/tbt-books.ts', TBT, {
    'a snapshot is merged into the book before it': [
      'if (isSnapshot && changes.length > 0) {',
      'if (!isSnapshot && changes.length > TBT_LEVELS) {',
    ],
    'an absent quantity becomes 0': [
      'if (quantity !== null) side.quantities[num] = quantity;',
      'side.quantities[num] = quantity ?? 0;',
    ],
    'a sequence number that goes back is no gap': [
      'const isGap = step < 0 || (step > 1',
      'const isGap = (step > 1',
    ],
    'a difference before the first snapshot makes a book sound': [
      "    flaw: 'no-snapshot',",
      '    flaw: null,',
    ],
  }),
  ...editsOf('core/stream/hsm-topics.ts', HSM, {
    'HSM prices ignore the divisor of their topic': [
      'return raw / this.#divisor;',
      'return raw / 100;',
    ],
    'a volume above 2^31 is negative': ['raw + 2 ** 32 : raw', 'raw : raw'],
    'an absent HSM value replaces the one before it': [
      'if (value !== ABSENT) this.#values[place] = value;',
      'this.#values[place] = value;',
    ],
  }),
  ...editsOf('adapters/fyers/stream/socket.ts', FEED, {
    'the books of a lost connection are used again': ['    this.#books = startTbtBooks();'],
    'a symbol without a snapshot is not subscribed again': [
      'if (again.length > 0) this.subscribeAgain(again);',
    ],
  }),
  ...editsOf('adapters/fyers/stream/feed.ts', FEED, {
    'a book that changed after the slot is the row of the slot': ['    sampleUntil(plus(at, -1));'],
  }),
  ...editsOf('adapters/fyers/stream/connection.ts', CONNECTION, {
    'a connection from which nothing comes stays open': [
      "if (now - this.#livedAt > LIFE_WITHIN_MS) this.close('silent', 'neither data nor a pong');",
      "if (this.#livedAt > now) this.close('silent', 'neither data nor a pong');",
    ],
    'the delay after failures starts over with each connection': [
      'this.#failures = isProven ? 1 : this.#failures + 1;',
      'this.#failures = isProven ? this.#failures + 1 : 1;',
    ],
  }),
  ...editsOf('adapters/fyers/stream/connection.ts', FEED, {
    'a refusal is asked again at once': [
      'Math.max(delay, this.#minDelayMs)',
      'Math.min(delay, this.#minDelayMs)',
    ],
  }),
  ...editsOf('adapters/fyers/stream/socket.ts', 'test/adapters/fyers/stream/frame-store.test.ts', {
    'a frame that contains the token is stored': [
      'if (needles().some((secret) => frame.includes(secret))) {',
      'if (needles().every((secret) => frame.length < secret.length)) {',
    ],
  }),
  ...editsOf('core/stream/frame-log.ts', FRAME_LOG, {
    'a damaged batch of frames is read': [
      'const records = found ? countRecords(batch) : null;',
      'const records = countRecords(batch) ?? (found ? 0 : null);',
    ],
  }),
  ...editsOf('adapters/recordings/frame-recorder.ts', RECORDER, {
    'frames that the disk refused leave no mark': [
      'const frames = before.frames + taken.frames + taken.markedLost;',
      'const { frames } = before;',
    ],
    'frames wait in memory without a limit': [
      'waiting.bytes() + bytes.length <= MAX_WAITING_BYTES',
      'waiting.bytes() <= Infinity',
    ],
  }),
  ...editsOf('core/stream/updates.ts', UPDATES, {
    'the books of a closed connection stay sound in the updates': [
      "    case 'opened':\n    case 'closed':\n      endBooks(context, socket, 'closed', receivedAt);",
      "    case 'opened':\n    case 'closed':",
    ],
    'lost frames leave no gap in the updates': ["endBooks(context, 'all', 'lost', context.last);"],
    'the whole book is not repeated each minute': [
      ">= SNAPSHOT_INTERVAL ? 'minute' : null",
      '>= SNAPSHOT_INTERVAL ? null : null',
    ],
  }),
  ...editsOf(
    'adapters/recordings/update-spill.ts',
    'test/adapters/recordings/update-spill.test.ts',
    {
      'a full buffer of updates is not kept': [
        'parts.push(out.append(compressed), compressed.length, messages, levels);',
        'out.append(compressed);',
      ],
      'the levels of a message have the heading of the one before': [
        'packed[index * messages + message]',
        'packed[index * messages + Math.max(0, message - 1)]',
      ],
    },
  ),
  ...editsOf(
    'adapters/recordings/parquet/parquet.ts',
    'test/adapters/recordings/parquet/parquet.test.ts',
    {
      'a page is freed before it is compared': [
        '  const isSame =',
        '  for (const each of page.unpacked) release(each);\n  const isSame =',
      ],
    },
  ),
  ...editsOf(
    'adapters/recordings/parquet/chunk.ts',
    'test/adapters/recordings/parquet/parquet.test.ts',
    {
      'a compressed page is freed before it is written': [
        '    writer.appendBytes(compressed);\n',
        '    release(compressed);\n    writer.appendBytes(compressed);\n',
      ],
    },
  ),
  ...editsOf('core/config/stream-limits.ts', 'test/core/config/stream-limits.test.ts', {
    'the sockets of two harvesters are not added': [
      'sockets.reduce((total, one) => total + one, 0)',
      'Math.max(0, ...sockets)',
    ],
  }),
  ...editsOf(
    'adapters/fyers/stream/rest-fallback.ts',
    'test/adapters/fyers/stream/rest-fallback.test.ts',
    {
      'REST is asked at the first hole of a stream': [
        'const MAX_HOLES = 2;',
        'const MAX_HOLES = 0;',
      ],
    },
  ),
];
