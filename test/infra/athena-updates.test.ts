// Tests the table of updates and its saved queries on a file that the harvester's own code wrote.
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { writeParquet } from '../../adapters/recordings/parquet/parquet.ts';
import { updateSpill } from '../../adapters/recordings/update-spill.ts';
import { OBJECTS } from '../../core/config/names.ts';
import { encodeMark, type FrameMark, type FrameRecord } from '../../core/stream/frame-log.ts';
import {
  gapNumbers,
  UPDATE_COLUMNS,
  updateGroup,
  updateNumbers,
} from '../../core/stream/update-rows.ts';
import { followUpdates } from '../../core/stream/updates.ts';
import { parseInstant } from '../../core/time.ts';
import { askAthena, BUCKET } from '../support/athena-questions.ts';
import { allOf, asRecord, type Graph, graphOf, one } from '../support/graph.ts';
import { encodeTbtMessage, levelsMessage } from '../support/tbt-message.ts';
import { APP_ONLY } from '../support/stack-configs.ts';
import { makeFolderPerFile } from '../support/temporary-folder.ts';

const DATE = '2026-11-25';
const SBIN = 'NSE:SBIN-EQ';
const AT = parseInstant(`${DATE}T10:15:00+05:30`);

let graph: Graph;
const root = makeFolderPerFile();
beforeAll(async () => {
  graph = await graphOf({ ...APP_ONLY, config: { athena: 'true', feed: 'tbt' } });
  const file = path.join(root.path, OBJECTS.dayFile(DATE, '0', 'updates.parquet'));
  await mkdir(path.dirname(file), { recursive: true });
  using spill = updateSpill(path.join(root.path, 'spill'), 1);
  const updates = followUpdates(new Map(), {
    update(book, reason, places) {
      spill.add(SBIN, updateNumbers(book, reason, places));
    },
    gap(begin) {
      spill.add(SBIN, gapNumbers(begin));
    },
  });
  for (const record of records()) updates.apply(record);
  const groups = Array.from(spill.parts(SBIN), (part) =>
    updateGroup([{ symbol: SBIN, from: 0 }], part),
  );
  await writeParquet(file, UPDATE_COLUMNS, groups);
});

/** A book of two levels, a change in each of three seconds, and a connection that is closed for 4 s. */
function records(): readonly FrameRecord[] {
  const of = (kind: FrameRecord['kind'], seconds: number, bytes: Uint8Array): FrameRecord => ({
    ...{ kind, socket: 1, receivedAt: 1_000 * (AT + 1_000 * seconds), bytes },
  });
  const mark = (seconds: number, value: FrameMark) => of('mark', seconds, encodeMark(value));
  const message = (seconds: number, sequence: number, quantity: number) => {
    const level = (num: number, price: number) => ({ num, price, quantity, orders: 1 });
    const whole = [level(0, 80_000), level(1, 79_995)];
    const bids = sequence === 1 ? whole : [level(0, 80_000)];
    const asks = sequence === 1 ? [level(0, 80_005)] : [];
    const sent = { symbol: SBIN, sequence, isSnapshot: sequence === 1, bids, asks };
    return of('frame', seconds, encodeTbtMessage(levelsMessage(sent)));
  };
  return [
    ...[mark(0, { mark: 'opened', name: 'tbt 1' }), message(1, 1, 10), message(2, 2, 20)],
    ...[message(3, 3, 30), message(64, 4, 30), mark(70, { mark: 'closed' })],
    ...[mark(73, { mark: 'opened', name: 'tbt 1' }), message(74, 1, 40)],
    mark(90, { mark: 'closed' }),
  ];
}

function ask(question: string, ...parameters: readonly string[]) {
  return askAthena({ graph, root: root.path, table: 'updates', question, parameters });
}

describe('The Athena table of updates', () => {
  test('is made only for a harvester with a stream', async () => {
    const polling = await graphOf({ ...APP_ONLY, config: { athena: 'true' } });
    expect(allOf(polling, 'aws:glue/catalogTable:CatalogTable').map(({ name }) => name)).toEqual([
      'depth',
    ]);
    expect(allOf(polling, 'aws:athena/namedQuery:NamedQuery')).toHaveLength(5);
  });

  test('has the columns of the file, and a partition for each day and shard', () => {
    const { inputs } = one(graph, 'aws:glue/catalogTable:CatalogTable', 'updates');
    const types = { text: 'string', precise: 'timestamp', count: 'bigint', price: 'double' };
    const { columns } = asRecord(inputs['storageDescriptor']);
    expect(columns).toEqual(
      UPDATE_COLUMNS.map(({ name, kind, unit }) => ({
        ...{ name, comment: unit, type: { ...types, flag: 'boolean' }[kind] },
      })),
    );
    const template = String(asRecord(inputs['parameters'])['storage.location.template']);
    const folder = template.replace('${date}', DATE).replace('${shard}', '0');
    expect(`${folder}updates.parquet`).toBe(
      `${BUCKET}${OBJECTS.dayFile(DATE, '0', 'updates.parquet')}`,
    );
    // A table reads every object below its folder.
    expect(OBJECTS.dayFile(DATE, '0', 'depth.parquet').startsWith(folder)).toBe(false);
  });
});

describe('The saved query', { timeout: 120_000 }, () => {
  test('of each question names its answer and its parameters', () => {
    const queries = allOf(graph, 'aws:athena/namedQuery:NamedQuery');
    expect(queries.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['best-bid-and-offer', 'deep-book-at-an-instant', 'gaps-by-symbol']),
    );
    for (const { inputs } of queries) {
      expect(inputs['description']).toMatch(/^[A-Z].*\. Parameters?: .*'2026-11-25'/);
    }
  });

  test('deep-book-at-an-instant shows the levels after the last message', async () => {
    const at = (time: string) => ask('deep-book-at-an-instant', DATE, SBIN, time);
    const second = { level: 2, bid_qty: 10, bid_px: 799.95, ask_px: null };
    expect(await at('10:15:02.500')).toMatchObject([
      { received_ist: `${DATE} 10:15:02`, is_in_gap: false, bid_qty: 20, ask_qty: 10 },
      second,
    ]);
    expect(await at('10:16:12')).toMatchObject([{ is_in_gap: true, bid_qty: 30 }, second]);
    expect(await at('10:16:14')).toMatchObject([
      { is_in_gap: false, bid_qty: 40, bid_px: 800, ask_px: 800.05 },
      { level: 2, bid_qty: 40 },
    ]);
    expect(await at('10:15:00')).toEqual([]);
  });

  test('best-bid-and-offer shows each change, and where the book is not sound', async () => {
    const answer = await ask('best-bid-and-offer', DATE, SBIN, '10:15:00', '10:20:00');
    expect(answer.map(({ bid_qty, ask_qty, reason }) => [bid_qty, ask_qty, reason])).toEqual([
      [10, 10, 'first'],
      [20, 10, null],
      [30, 10, null],
      [30, 10, 'closed'],
      [40, 40, 'reconnect'],
      [40, 40, 'closed'],
    ]);
    expect(answer[1]).toMatchObject({ received_ist: `${DATE} 10:15:02`, sequence: 2, bid_px: 800 });
  });

  test('gaps-by-symbol counts gaps and their seconds', async () => {
    expect(await ask('gaps-by-symbol', '2026-11-01', '2026-11-30')).toMatchObject([
      {
        ...{ date: DATE, symbol: SBIN, reason: 'closed', gaps: 2, without_end: 1 },
        ...{ seconds: 4, longest_seconds: 4, first_ist: `${DATE} 10:16:10` },
      },
    ]);
  });
});
