// Tests doctor on a laptop without a stack, with the simulator for the checks of streams. Most tests have no Pulumi CLI
// and no AWS credentials.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Instant, instant } from '../../core/time.ts';
import { type FyersSimulator, startFyers } from '../../sandbox/fyers/server.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, NOON, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import { NO_CREDENTIALS, runDoctor, unreachableAws } from './doctor-fixture.ts';
import { stageWithPulumi } from './cli-harness.ts';

const FOR_AWS = ['Pulumi', 'AWS identity', 'Lambda quota', 'Functions', 'Messages'];
const APP_LINES = `FYERS_CLIENT_ID=${APP.id}\nFYERS_SECRET_KEY=${APP.secret}\n`;

interface Laptop {
  readonly env?: string;
  /** False if `pulumi` is not on the PATH. */
  readonly hasPulumi?: boolean;
  readonly pulumiFails?: string;
  /** The SDK's error; null if it has credentials but AWS is unreachable. */
  readonly credentials?: string | null;
}

async function createLaptop({ env, hasPulumi = false, pulumiFails, credentials }: Laptop = {}) {
  const aws = unreachableAws(credentials);
  const at = await stageWithPulumi(pulumiFails, hasPulumi, { aws });
  at.write('.env', env ?? APP_LINES);
  at.write('access_token.txt', mintToken(SEED, APP, 'access_token', SEVEN));
  return at;
}

describe('fyers doctor on a laptop', () => {
  test('skips the checks that only a stack on AWS needs', async () => {
    await using at = await createLaptop();
    const { code, found } = await runDoctor(at);
    for (const name of FOR_AWS) {
      expect(found[name]).toMatchObject({ state: 'skipped', detail: 'only for a stack on AWS' });
    }
    expect(found['App']).toMatchObject({ state: 'ok' });
    expect(code).toBe(0);
  });

  test('asks for an app only in .env', async () => {
    await using at = await createLaptop({ env: '' });
    const { found } = await runDoctor(at);
    expect(found['App']?.fix).toMatch(/FYERS_SECRET_KEY into \.env\.$/);
  });

  test('reports a problem if the redirect URL is the login page of a stack, and suggests a loopback URL', async () => {
    await using at = await createLaptop({ env: `${APP_LINES}FYERS_REDIRECT_URI=loginUrl\n` });
    const { found } = await runDoctor(at);
    expect(found['Redirect URL']).toMatchObject({ state: 'problem' });
    expect(found['Redirect URL']?.fix).toContain('FYERS_REDIRECT_URI=http://127.0.0.1:8080/');
  });

  test('skips the Pulumi check if no stack is selected', async () => {
    await using at = await createLaptop({
      hasPulumi: true,
      pulumiFails: 'stack:no stack selected;',
    });
    expect((await runDoctor(at)).found['Pulumi']).toMatchObject({ state: 'skipped' });
  });

  test.each<[string, Laptop, string, string]>([
    ['a stack is selected', { hasPulumi: true }, 'AWS identity', 'aws configure'],
    ['there are AWS credentials', { credentials: null }, 'Pulumi', 'Install the Pulumi CLI'],
    [
      'the AWS credentials have expired',
      { credentials: 'The SSO session associated with this profile has expired.' },
      'AWS identity',
      'aws sso login',
    ],
  ])('requires both Pulumi and AWS if %s', async (_what, given, name, fix) => {
    await using at = await createLaptop(given);
    const { code, found } = await runDoctor(at);
    expect(code).toBe(2);
    expect(found[name]).toMatchObject({ state: 'problem' });
    expect(found[name]?.fix).toContain(fix);
  });
});

describe('The Node check of fyers doctor', () => {
  test('reports a problem if Pulumi is used and the Node on the PATH is old or missing', async () => {
    await using at = await createLaptop({ hasPulumi: true });
    const node = path.join(at.folder, 'bin', 'node');
    rmSync(node);
    writeFileSync(node, '#!/bin/sh\necho v20.20.2\n', { mode: 0o700 });
    const { found } = await runDoctor(at);
    expect(found['Node']).toMatchObject({ state: 'problem' });
    expect(found['Node']?.detail).toContain('Node 20.20.2 from the PATH');
    expect(found['Node']?.fix).toContain('export PATH="$PWD/node_modules/.bin:$PATH"');
    rmSync(node);
    expect((await runDoctor(at)).found['Node']?.fix).toContain('export PATH=');
  });

  test('ignores the Node on the PATH if Pulumi is not used', async () => {
    await using at = await createLaptop();
    rmSync(path.join(at.folder, 'bin', 'node'));
    expect((await runDoctor(at)).found['Node']).toMatchObject({ state: 'ok' });
  });
});

test('fyers login suggests a loopback redirect URL before it reports missing AWS credentials', async () => {
  await using at = await createLaptop({ env: `${APP_LINES}FYERS_REDIRECT_URI=loginUrl\n` });
  const { code, err } = await at.run('login');
  expect(code).toBe(2);
  const url = err.indexOf('FYERS_REDIRECT_URI=http://127.0.0.1:8080/');
  expect(url).toBeGreaterThan(0);
  expect(err.indexOf(NO_CREDENTIALS)).toBeGreaterThan(url);
});

let fyers: FyersSimulator;

const BEFORE_SESSION = instant(SEVEN + 60_000);

interface StreamLaptop {
  readonly feed?: string;
  readonly symbols?: string;
  readonly now?: Instant;
  readonly flags?: readonly string[];
  /** The list of `INDEX:MINE`. */
  readonly list?: string;
  /** Replaces symbols and feed. */
  readonly harvesters?: readonly object[];
}

async function streamsOf({
  feed = '',
  symbols = 'NSE:SBIN-EQ,FUT:NIFTY',
  ...laptop
}: StreamLaptop) {
  const { now = BEFORE_SESSION, flags = ['--live'] } = laptop;
  fyers.setClock(now);
  await using at = await stageWithPulumi('', false, { now, aws: unreachableAws() });
  const { harvesters } = laptop;
  const recorded =
    harvesters === undefined
      ? `FYERS_FEED=${feed}\nFYERS_SYMBOLS=${symbols}\n`
      : `FYERS_HARVESTERS=${JSON.stringify(harvesters)}\n`;
  at.write('.env', `${APP_LINES}FYERS_API_URL=${fyers.url}\n${recorded}`);
  if (laptop.list !== undefined) at.write('index-MINE.csv', laptop.list);
  const token = mintToken(SEED, APP, 'access_token', SEVEN);
  at.write('access_token.txt', token);
  const { found, all } = await runDoctor(at, ...flags);
  expect(all).not.toContain(token);
  return found['Streams'];
}

const paths = () => fyers.streams.upgrades.map(({ path }) => path);

describe('fyers doctor, of a stream', () => {
  beforeEach(async () => {
    fyers = await startFyers({ seed: SEED, apps: [APP], refresh: 'refused', startsAt: SEVEN });
    return () => fyers.close();
  });

  test.each([
    ['tbt', ['/versova', '/hsm/v1-5/prod']],
    ['hsm', ['/hsm/v1-5/prod']],
  ])('connects with feed %s once, and leaves no socket open', async (feed, expected) => {
    expect(await streamsOf({ feed })).toMatchObject({ state: 'ok' });
    expect(paths()).toEqual(expected);
    await expect.poll(() => fyers.streams.openSockets()).toBe(0);
    expect(fyers.streams.sent.size).toBe(0);
  });

  test.each([
    ['the feed rest', { feed: 'rest' }],
    ['a session, in which a harvester may stream', { feed: 'tbt', now: instant(NOON) }],
    ['a run without --live', { feed: 'tbt', flags: [] }],
  ])('is skipped for %s, and opens no socket', async (_, laptop) => {
    expect(await streamsOf(laptop)).toMatchObject({ state: 'skipped' });
    expect(paths()).toEqual([]);
  });

  test.each([
    ['symbol that no stream has', 'tbt', 'NSE:NIFTY50-INDEX', 'FYERS_SYMBOLS'],
    ['symbol that the master does not list', 'hsm', 'NSE:NOSUCH-EQ', 'FYERS_SYMBOLS'],
  ])('has a %s for a problem, and opens no socket', async (_, feed, symbols, fix) => {
    const found = await streamsOf({ feed, symbols });
    expect(found?.state).toBe('problem');
    expect(found?.detail).toContain(symbols);
    expect(found?.fix).toContain(fix);
    expect(paths()).toEqual([]);
  });

  test('looks up symbols of BSE in the lists of BSE', async () => {
    expect(await streamsOf({ feed: 'hsm', symbols: 'BSE:SENSEX-INDEX,SBIN' })).toMatchObject({
      state: 'ok',
    });
    const unknown = await streamsOf({ feed: 'hsm', symbols: 'BSE:NOSUCH-A,SBIN' });
    expect(unknown?.detail).toContain('no token for BSE:NOSUCH-A');
    // A chain means contracts of NSE, and SENSEX has options at BSE only.
    const chain = await streamsOf({ feed: 'hsm', symbols: 'BSE:NOSUCH26NOVFUT,CHAIN:SENSEX' });
    expect(chain?.detail).toContain('BSE:NOSUCH26NOVFUT, CHAIN:SENSEX');
  });

  test('connects with the feed of one of several harvesters', async () => {
    const harvesters = [{ symbols: ['NSE:INFY-EQ'] }, { symbols: ['NSE:SBIN-EQ'], feed: 'hsm' }];
    expect(await streamsOf({ harvesters })).toMatchObject({ state: 'ok' });
    expect(paths()).toEqual(['/hsm/v1-5/prod']);
  });

  test.each([
    ['a name that is not a symbol', [{ symbols: ['symbol!'] }], 'symbol!'],
    [
      'a symbol that no list has',
      [{ symbols: ['SBIN'] }, { symbols: ['NOSUCH'], feed: 'hsm' }],
      'NOSUCH',
    ],
  ])('reports %s of several harvesters', async (_, harvesters, words) => {
    const found = await streamsOf({ harvesters });
    expect(found).toMatchObject({ state: 'problem' });
    expect(found?.detail).toContain(words);
    expect(found?.fix).toContain('FYERS_HARVESTERS');
    expect(paths()).toEqual([]);
  });

  test('accepts a chain and a list of an index', async () => {
    const symbols = 'CHAIN:NIFTY,INDEX:MINE';
    const list =
      'Company Name,Industry,Symbol,Series,ISIN Code\n"State Bank, of",Banks,SBIN,EQ,X\n';
    expect(await streamsOf({ feed: 'hsm', symbols, list })).toMatchObject({ state: 'ok' });
  });

  test.each([
    ['an index without a list', { feed: 'hsm', symbols: 'INDEX:NOPE' }, 'index-NOPE.csv'],
    ['a list for the feed rest', { feed: 'rest', symbols: 'INDEX:MINE', list: 'A,B' }, 'line 1'],
    [
      'a member that is not listed',
      { feed: 'hsm', symbols: 'INDEX:MINE', list: 'NOSUCH' },
      'NOSUCH',
    ],
    ['a chain of an unknown underlying', { feed: 'hsm', symbols: 'CHAIN:XYZ' }, 'CHAIN:XYZ'],
    ['a chain for tbt', { feed: 'tbt', symbols: 'CHAIN:NIFTY' }, '500 / 5 = 100'],
  ])('has %s for a problem', async (_, laptop, words) => {
    const found = await streamsOf(laptop);
    expect(found).toMatchObject({ state: 'problem' });
    expect(found?.detail).toContain(words);
    expect(found?.fix).toContain('FYERS_SYMBOLS');
    expect(paths()).toEqual([]);
  });

  test.each<[string, string, Partial<FyersSimulator['streams']['faults']>, string]>([
    ['a login of HSM that is refused', 'hsm', { isRefused: true }, './fyers login'],
    ['changed fields', 'hsm', { hasOtherFields: true }, 'Update this program'],
    ['an upgrade that is refused', 'tbt', { upgradeStatus: 403 }, './fyers login'],
    ['sockets that are all in use', 'tbt', { upgradeStatus: 429 }, 'Stop the other programs'],
  ])('names the next step of %s', async (_, feed, faults, fix) => {
    Object.assign(fyers.streams.faults, faults);
    const found = await streamsOf({ feed });
    expect(found?.state).toBe('problem');
    expect(found?.fix).toContain(fix);
    await expect.poll(() => fyers.streams.openSockets()).toBe(0);
  });
});
