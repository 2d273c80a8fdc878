// Tests how the operator's lists of indices reach the harvesters, and which groups are refused before anything is
// registered.
import { describe, expect, test } from 'vitest';
import { allOf, graphOf, one, problemsOf } from '../support/graph.ts';
import { APP_ONLY } from '../support/stack-configs.ts';

const OBJECT = 'aws:s3/bucketObjectv2:BucketObjectv2';
const INSTANCE = 'aws:ec2/instance:Instance';
const NSE_CSV = `Company Name,Industry,Symbol,Series,ISIN Code
"Adani Enterprises, Ltd.",Metals & Mining,ADANIENT,EQ,INE423A01024
Mahindra & Mahindra Ltd.,Automobile,M&M,EQ,INE101A01026
`;
const world = (
  config: Readonly<Record<string, string>>,
  lists: Readonly<Record<string, string>>,
) => ({ ...APP_ONLY, config, files: { ...APP_ONLY.files, ...lists } });
const names = (count: number) =>
  Array.from({ length: count }, (_, n) => `S${String(n)}\n`).join('');
const HSM = { feed: 'hsm', symbols: 'INDEX:NIFTY50' };

describe('A list of an index', () => {
  test('reaches the harvester by the bucket, and a change does not affect the instance', async () => {
    const graph = await graphOf(world(HSM, { 'index-NIFTY50.csv': NSE_CSV }));
    expect(one(graph, OBJECT, 'index-lists').inputs).toMatchObject({
      key: 'artifact/index-lists.json',
      content: '{"NIFTY50":["NSE:ADANIENT-EQ","NSE:M&M-EQ"]}',
    });
    const script = String(one(graph, INSTANCE).inputs['userData']);
    expect(script).toContain('FYERS_SYMBOLS=INDEX:NIFTY50\n');
    const changed = await graphOf(world(HSM, { 'index-NIFTY50.csv': `# mine\n${names(500)}` }));
    expect(one(changed, INSTANCE).inputs['userData']).toBe(script);
    const content = String(one(changed, OBJECT, 'index-lists').inputs['content']);
    expect(content).toContain('"NSE:S499-EQ"');
  });

  test('is not deployed if no symbol needs one', async () => {
    const graph = await graphOf(world({}, { 'index-NIFTY50.csv': 'never read, and not valid' }));
    expect(allOf(graph, OBJECT).map(({ name }) => name)).not.toContain('index-lists');
  });

  test('may have twelve names with the feed rest', async () => {
    const config = { symbols: 'INDEX:NIFTY50' };
    const { message } = await problemsOf(world(config, { 'index-NIFTY50.csv': names(13) }));
    expect(message).toContain('13 symbols every 5 s are 156 calls');
    const graph = await graphOf(world(config, { 'index-NIFTY50.csv': names(12) }));
    expect(one(graph, OBJECT, 'index-lists').inputs['key']).toBe('artifact/index-lists.json');
  });
});

describe('A group is refused before anything is registered', () => {
  const listOf = (text: string) => ({ 'index-NIFTY50.csv': text });
  test.each([
    ['no list', HSM, {}, 'INDEX:NIFTY50 needs its list of members'],
    ['an empty list', HSM, listOf('Symbol\n'), 'it has no symbol'],
    ['a web page', HSM, listOf('<html>\n<p>Not found</p>'), 'line 2: "<p>Not found</p>" cannot'],
    ['a CSV without a header', HSM, listOf('A Ltd.,Metals,A,EQ,I'), 'line 1'],
    [
      'a name twice',
      HSM,
      listOf('SBIN\nINFY\nnse:sbin-eq\n'),
      'line 3: NSE:SBIN-EQ is already in line 1',
    ],
    ['too many names', HSM, listOf(names(2_501)), '2501 × 2 = 5002 topics'],
    [
      'too many with a chain',
      { ...HSM, symbols: 'INDEX:NIFTY50,CHAIN:NIFTY' },
      listOf(names(2_001)),
      "2501 × 2 = 5002 topics, over the socket's 5000 (INDEX:NIFTY50 has 2001 symbols; CHAIN:NIFTY counts as 500 symbols before the opening)",
    ],
    ['tbt and 16 names', { ...HSM, feed: 'tbt' }, listOf(names(16)), '16 / 5 = 4'],
    ['tbt and a chain', { feed: 'tbt', symbols: 'CHAIN:SBIN' }, {}, '200 / 5 = 40'],
    ['rest and a chain', { symbols: 'CHAIN:NIFTY' }, {}, '500 symbols every 5 s are 6000 calls'],
    ['no underlying', { feed: 'hsm', symbols: 'CHAIN:' }, {}, 'symbol "CHAIN:" must be CHAIN: and'],
    [
      'tbt and BSE',
      { ...HSM, feed: 'tbt' },
      listOf('BSE:RELIANCE-A'),
      'cannot stream BSE:RELIANCE-A',
    ],
  ])('%s', async (_what, config, lists, words) => {
    const { message, registered } = await problemsOf(world(config, lists));
    expect(registered).toBe(0);
    expect(message).toContain(words);
  });

  test('of several harvesters: shared members, and the calls of all', async () => {
    const two = (feed: string, ...symbols: readonly string[]) => ({
      harvesters: JSON.stringify([
        { symbols: ['INDEX:NIFTY50'], feed },
        { symbols, feed: 'rest' },
      ]),
    });
    const lists = { 'index-NIFTY50.csv': names(8), 'index-BANK.csv': names(9) };
    const shared = await problemsOf(world(two('hsm', 'INDEX:BANK'), lists));
    expect(shared.message).toContain('symbol "NSE:S0-EQ" is in harvester 0 and in harvester 1');
    expect(shared.message).toContain('3 more symbols are in two harvesters');
    const calls = await problemsOf(world(two('rest', 'A', 'B', 'C', 'D', 'E'), lists));
    expect(calls.message).toContain('8 × 60 / 5 + 5 × 60 / 5 = 96 + 60 = 156 calls a minute');
  });
});
