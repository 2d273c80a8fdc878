import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { lockFolder } from '../../adapters/recordings/data-folder.ts';
import { REFERENCE_CSV_HEADER, readReferenceCsvCells } from '../../core/recording/csv-files.ts';
import { parseManifest } from '../../core/recording/manifest.ts';
import { parseInstant } from '../../core/time.ts';
import { run } from '../../harvester/main.ts';
import { bundleCode } from '../../infra/bundle.ts';
import { depthOf, refusal, startDepthServer } from '../support/depth-server.ts';
import { operatorToken } from '../support/operator-token.ts';
import { startS3 } from '../support/s3-server.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { virtualClock } from '../support/virtual-clock.ts';

const { NODE_COMPILE_CACHE } = process.env;
const CHILD = path.join(import.meta.dirname, '..', 'support', 'harvest-child.ts');
const MAIN = path.join(import.meta.dirname, '..', '..', 'harvester', 'main.ts');
/** The shortest session of the calendar: 13:15 to 15:05, so 110 slots of a minute. */
const MUHURAT = '2025-10-21';

const folder = makeFolderPerTest();
beforeEach(async () => {
  await writeFile(path.join(folder.path, '.env'), 'FYERS_CLIENT_ID=ABCD1234EF-100\n');
  const token = operatorToken('access_token', `${MUHURAT}T07:00:00+05:30`);
  await writeFile(path.join(folder.path, 'access_token.txt'), `${token}\n`);
});

const dataDir = () => path.join(folder.path, 'data');

interface ChildResult {
  readonly code: number | null;
  readonly output: string;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, args, {
    cwd: folder.path,
    // A bundle has another path in every test.
    env: args[0]?.endsWith('.ts') ? { NODE_COMPILE_CACHE, ...env } : env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Collects the output of a child until it ends, and calls `then` when the output has `text`. */
async function waitForEnd(
  child: ChildProcess,
  text?: string,
  then?: () => void,
): Promise<ChildResult> {
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      const before = output;
      output += piece;
      if (text !== undefined && !before.includes(text) && output.includes(text)) then?.();
    });
  }
  await once(child, 'close');
  return { code: child.exitCode, output };
}

const dayArguments = () => {
  const symbols = ['--symbols', 'NSE:SBIN-EQ,NSE:M&M-EQ', '--every', '60s'];
  return ['--data', dataDir(), ...symbols, '--days', '1'];
};

async function manifest(date = MUHURAT) {
  const file = path.join(dataDir(), 'days', date, 'manifest.json');
  return parseManifest(await readFile(file, 'utf8'));
}

describe('The harvester as a process', () => {
  test('exits 4 with --days 1 if the disk does not let the day be compacted', async () => {
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol));
    const env = { FYERS_API_URL: server.url };
    const file = path.join(dataDir(), 'days', MUHURAT, 'depth.parquet.partial');
    await mkdir(file, { recursive: true });
    const args = [CHILD, `${MUHURAT}T13:00:00+05:30`, '-', ...dayArguments()];
    const first = await waitForEnd(start(args, env));
    expect(first.output).toContain('step-failed');
    expect(first.output).toContain('"event":"platform.disk"');
    expect(first.output).toContain(`fyers compact ${MUHURAT}`);
    expect(first.code).toBe(4);
    await expect(manifest()).rejects.toThrow('ENOENT');
  });

  test('loses only the slots during which it was killed, and compacts to an equal manifest from the bundle', async () => {
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol));
    const env = { FYERS_API_URL: server.url };
    const at = (time: string) => `${MUHURAT}T${time}:00+05:30`;
    const args = [...dayArguments(), '--compat'];
    const child = start([CHILD, at('13:00'), at('14:00'), ...args], env);
    await waitForEnd(child, 'hanging', () => child.kill('SIGKILL'));
    expect(child.signalCode).toBe('SIGKILL');
    const log = path.join(dataDir(), 'days', MUHURAT, 'day-0.v2.csv');
    await appendFile(log, '2025-10-21T14:00:0');
    const csv = path.join(dataDir(), `market_depth_${MUHURAT}.csv`);
    await appendFile(csv, '2025-10-21T14:0');

    const again = await waitForEnd(start([CHILD, at('14:20'), '-', ...args], env));
    expect(again.code).toBe(0);
    expect(again.output).toContain('torn-tail-cut');
    expect(await manifest()).toMatchObject({
      expected: 220,
      received: 2 * (45 + 45),
      holes: { 'not-running': 2 * 20 },
      unexplained: 0,
      leftOut: { duplicate: 0, unplanned: 0, malformed: 0 },
    });

    const [header, ...rows] = (await readFile(csv, 'utf8')).trim().split('\n');
    expect(header).toBe(REFERENCE_CSV_HEADER);
    expect(rows).toHaveLength(2 * (45 + 45));
    expect(rows.filter((row) => 'why' in readReferenceCsvCells(row.split(',')))).toEqual([]);

    const before = await manifest();
    await rm(path.join(dataDir(), 'days', MUHURAT, 'manifest.json'));
    const file = path.join(folder.path, 'harvester.mjs');
    await writeFile(file, (await bundleCode()).harvester);
    const compacting = ['compact', '--data', dataDir(), '--date', MUHURAT];
    expect(await waitForEnd(start([file, ...compacting]))).toEqual({ code: 0, output: '' });
    expect(await manifest()).toEqual(before);
  });

  test('records a Sunday on which the broker reports an open market, and compacts the day', async () => {
    const sunday = '2026-11-29';
    const token = operatorToken('access_token', `${sunday}T07:00:00+05:30`);
    await writeFile(path.join(folder.path, 'access_token.txt'), `${token}\n`);
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol), 'OPEN');
    const child = start([CHILD, `${sunday}T13:30:00+05:30`, '-', ...dayArguments()], {
      FYERS_API_URL: server.url,
    });
    const { code, output } = await waitForEnd(child);
    expect(output).toContain('"event":"surprise-session"');
    expect(code).toBe(0);
    // It reads the market status at its start.
    expect(await manifest(sunday)).toMatchObject({
      session: { name: 'surprise' },
      expected: 2 * 149,
      received: 2 * 149,
      unexplained: 0,
    });
  });

  test('makes no call to the API after the second strike of the day', async () => {
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol), 'CLOSED');
    await mkdir(dataDir());
    await writeFile(path.join(dataDir(), 'strikes.json'), `{"${MUHURAT}":2}`);
    const args = [CHILD, `${MUHURAT}T13:00:00+05:30`, '-', ...dayArguments()];
    // The symbol master is on another host.
    const env = { FYERS_API_URL: server.url, FYERS_MASTER_URL: 'http://127.0.0.1:1' };
    const { code } = await waitForEnd(start(args, env));
    expect(code).toBe(0);
    expect(await manifest()).toMatchObject({ holes: { 'blocked-for-the-day': 220 } });
    expect(server.calls).toEqual([]);
  });

  test('requests no book during the wait after a rate limit of the market status', async () => {
    // The market status is read after the slot of 13:20.
    const limited = refusal(429, -429, { 'retry-after': '600' });
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol), limited);
    const args = [CHILD, `${MUHURAT}T13:00:00+05:30`, '-', ...dayArguments()];
    const { code } = await waitForEnd(start(args, { FYERS_API_URL: server.url }));
    expect(code).toBe(0);
    expect(await manifest()).toMatchObject({ received: 202, holes: { 'rate-limited': 18 } });
    const strikes = await readFile(path.join(dataDir(), 'strikes.json'), 'utf8');
    expect(JSON.parse(strikes)).toMatchObject({ [MUHURAT]: { count: 1 } });
  });

  test('finishes and exits 0 on SIGTERM', async () => {
    const args = [MAIN, '--data', dataDir()];
    const child = start(args);
    const { code, output } = await waitForEnd(child, 'session-awaited', () =>
      child.kill('SIGTERM'),
    );
    expect(output).toContain('"event":"stopping"');
    expect(code).toBe(0);
  });

  test('finishes and exits 0 on a stop during the slot before the market status is read', async () => {
    const stop = new AbortController();
    await using server = await startDepthServer(({ symbol }) => {
      stop.abort();
      return depthOf(symbol);
    }, 'OPEN');
    const output: string[] = [];
    const code = await run({
      clock: virtualClock(parseInstant(`${MUHURAT}T14:00:00+05:30`)),
      signal: stop.signal,
      argv: [...dayArguments(), '--tokens', folder.path],
      env: { FYERS_API_URL: server.url, FYERS_MASTER_URL: 'http://127.0.0.1:1' },
      write: (line) => output.push(line),
    });
    expect(output.at(-1)).toContain('"event":"stopping"');
    expect(code).toBe(0);
  });

  test.each([
    ['SIGTERM', 'SIGTERM'],
    ['SIGINT', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
  ] as const)(
    'continues a pending call after a first %s, and ends at once on a following %s',
    async (first, second) => {
      const called = Promise.withResolvers<undefined>();
      await using silent = await startS3(() => {
        called.resolve(undefined);
        return 'hang';
      });
      const child = start([MAIN, '--data', dataDir()], {
        FYERS_BUCKET: 'bucket',
        AWS_ENDPOINT_URL: silent.endpoint,
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
      });
      // The process logs this itself, so the first signal has not ended it.
      const ended = waitForEnd(child, '"event":"stop-asked"', () => child.kill(second));
      await Promise.race([called.promise, ended]);
      child.kill(first);
      const { code, output } = await ended;
      expect(output).toContain('"event":"stop-asked"');
      // It did not reach its orderly stop.
      expect(output).not.toContain('"event":"stopping"');
      expect([code, child.signalCode]).toEqual([null, second]);
    },
  );

  test('logs every slot with --debug, and none without', async () => {
    await using server = await startDepthServer(({ symbol }) => depthOf(symbol));
    // One slot of the session remains.
    const loggedSlots = async (at: string, ...more: readonly string[]) => {
      const child = start([CHILD, `${MUHURAT}T${at}+05:30`, '-', ...dayArguments(), ...more], {
        FYERS_API_URL: server.url,
      });
      const { code, output } = await waitForEnd(child);
      expect([code, output]).toEqual([0, expect.stringContaining('"event":"recording"')]);
      return output.match(
        /"level":"debug".*"event":"slot-taken","message":"Slot 15:04:00: 2 of 2/g,
      );
    };
    expect(await loggedSlots('15:03:30', '--debug')).toHaveLength(1);
    await rm(dataDir(), { recursive: true });
    expect(await loggedSlots('15:03:30')).toBeNull();
  });

  test('exits 2 if another harvester records into the folder', async () => {
    await using _other = await lockFolder(dataDir());
    const { code, output } = await waitForEnd(start([MAIN, '--data', dataDir()]));
    expect(output).toContain('Another harvester is recording into');
    expect(code).toBe(2);
  });

  test('waits for the next session if calendar.json closes the day during the wait', async () => {
    const events: string[] = [];
    // Every wait of the harvester ends with the file in place.
    const clock = virtualClock(parseInstant('2026-11-25T04:00:00+05:30'), () =>
      writeFile(
        path.join(folder.path, 'calendar.json'),
        JSON.stringify([{ date: '2026-11-25', closed: true, why: 'an election' }]),
      ),
    );
    const until = ['--until', '2026-11-25T09:10:00+05:30'];
    const code = await run({
      clock,
      signal: new AbortController().signal,
      argv: ['--data', dataDir(), '--tokens', folder.path, ...until],
      env: { FYERS_API_URL: 'http://127.0.0.1:1' },
      write: (line) => events.push((JSON.parse(line) as { event: string }).event),
    });
    expect(code).toBe(0);
    expect(events).toContain('session-awaited');
    expect(events).not.toContain('recording');
    expect(events.at(-1)).toBe('until-reached');
  });

  test('runs from its bundle alone, and names the missing credentials', async () => {
    const file = path.join(folder.path, 'harvester.mjs');
    await writeFile(file, (await bundleCode()).harvester);
    await rm(path.join(folder.path, '.env'));
    const { code, output } = await waitForEnd(start([file]));
    expect(JSON.parse(output)).toMatchObject({
      event: 'operator.credentials',
      message: expect.stringContaining('.env, or it is empty.') as unknown,
    });
    expect(code).toBe(2);
  });
});
