// `npm start` as a person meets it, in child processes; the whole day is run by `npm start` itself in CI.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../adapters/process/clock.ts';
import { istDate, istDateAt, istInstant } from '../../core/time.ts';
import { throwAwayFolder } from '../../sandbox/operator-folder.ts';
import { ROOT } from '../support/source-tree.ts';

const FYERS = path.join(ROOT, 'cli', 'main.js');
const START = path.join(ROOT, 'sandbox', 'start.ts');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'start-test-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Its temporary files in a folder of its own, so that what it leaves behind can be seen. */
function start(...argv: readonly string[]) {
  const child = spawn(process.execPath, [START, ...argv], {
    cwd: ROOT,
    env: { PATH: withoutPulumi(), HOME: folder, TMPDIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: Buffer[] = [];
  child.stdout.on('data', (piece: Buffer) => said.push(piece));
  child.stderr.on('data', (piece: Buffer) => said.push(piece));
  const ended = once(child, 'close').then(([code]) => ({
    code: Number(code),
    said: Buffer.concat(said).toString(),
  }));
  return { child, ended, saidSoFar: () => Buffer.concat(said).toString() };
}

/** The newcomer's PATH: the path without the CLI is the one that is quick. */
function withoutPulumi(): string {
  const dirs = (process.env['PATH'] ?? '').split(path.delimiter);
  return dirs.filter((dir) => !dir.includes('pulumi')).join(path.delimiter);
}

async function operatorFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const dir = await mkdtemp(path.join(folder, 'operator-'));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
  return dir;
}

async function leftovers(): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !name.startsWith('operator-'));
}

describe('npm start with wrong input', () => {
  test('names an option that it does not know, and where to look', async () => {
    const { code, said } = await start('--brocker', 'today').ended;
    expect(code).toBe(2);
    expect(said).toContain('--brocker');
    expect(said).toContain('npm start -- --help');
  });

  test.each([
    ['--broker', 'closed', 'accepting or today'],
    ['--date', '2026-02-30', 'a date such as'],
  ])('refuses %s %s and says what it takes', async (option, value, allowed) => {
    const { code, said } = await start(option, value).ended;
    expect(code).toBe(2);
    expect(said).toContain(value);
    expect(said).toContain(allowed);
  });

  test.each([['--date'], ['extra']])(
    'repeats what is wrong with %s as one sentence',
    async (argument) => {
      const { said } = await start(argument).ended;
      expect(said).toMatch(
        /✘ operator\.usage: [^.]+\. `npm start -- --help` lists the options\.\n$/,
      );
    },
  );

  test('leaves a day that is in the folder of --data as it is', async () => {
    const data = await operatorFolder({});
    await mkdir(path.join(data, 'days', '2026-11-25'), { recursive: true });
    const { code, said } = await start('--data', data).ended;
    expect(code).toBe(2);
    expect(said).toContain('has 2026-11-25 already, and it was not changed');
  });

  test('says that the folder of --env is not there', async () => {
    const { code, said } = await start('--env', path.join(folder, 'absent')).ended;
    expect(code).toBe(2);
    expect(said).toContain('absent');
    expect(said).toContain('operator.config');
    expect(await leftovers()).toEqual([]);
  });

  test('reports every problem of a folder at once, and provisions nothing', async () => {
    const dir = await operatorFolder({
      '.env': 'FYERS_CLIENT_ID=DEMO1234AB-100\nFYERS_PIN=9x7\nFYERS_SYMBOLS=FUT:\n',
      'access_token.txt': 'not a token',
    });
    const { code, said } = await start('--env', dir).ended;
    expect(code).toBe(2);
    for (const place of ['secretKey', 'FYERS_PIN', 'FUT:', 'access_token.txt'])
      expect(said).toContain(place);
    expect(said).not.toContain('9x7');
    expect(said).not.toContain('functionName');
    expect(await leftovers()).toEqual([]);
  });
});

describe('npm start -- --broker today', () => {
  /** A folder as a reference user has it; one symbol a minute, so that the day is short. */
  async function quickFolder(): Promise<string> {
    const dir = await operatorFolder({});
    await throwAwayFolder(dir, 'today', istInstant(istDate('2026-11-25'), '07:00'));
    const quick = 'FYERS_SYMBOLS=NSE:SBIN-EQ\nFYERS_EVERY_SECONDS=60\n';
    await appendFile(path.join(dir, '.env'), quick);
    return dir;
  }

  test('goes from the refusal over message, link, page and callback to a recorded day, and says how to look at it', async () => {
    const data = path.join(folder, 'operator-recordings');
    const flags = ['--broker', 'today', '--env', await quickFolder(), '--data', data, '--keep'];
    const { child, ended, saidSoFar } = start(...flags);
    const up = new Promise<void>((resolve) => {
      child.stdout.on('data', () => {
        if (saidSoFar().includes("curl -H 'Host")) resolve();
      });
    });
    const isThatDay = istDateAt(systemClock.now()) === '2026-11-25';
    await Promise.race([up, ended]);
    try {
      await expectToWork(saidSoFar());
    } finally {
      child.kill('SIGINT');
    }
    const { code, said } = await ended;
    const inOrder = [
      'redirect URL  https://',
      'HTTP 400, code -16',
      '"statusCode": 202',
      'Subject  Fyers login for Wed 2026-11-25: one tap',
      'the link → 200 "Fyers login for 25 Nov 2026"',
      '"Log in at Fyers" → 200 "Fyers (simulated)"',
      'the form, with pin → 200 "Done"',
      'The Fyers token is live, and valid until 26 Nov 2026, 06:00 IST',
      'yes: the broker takes it',
      'the link again → 200 "Already done"',
      '"token": "live"',
      'equal what the simulator served',
      'permissions were granted and not used by this run',
      'The main job is done: 420 of 420 slots are recorded.',
      `The day is in ${data}.`,
      ...(isThatDay ? [] : ['The tokens are of 25 Nov 2026']),
    ];
    const places = inOrder.map((words) => said.indexOf(words));
    expect(places, said).toEqual([...places].sort((a, b) => a - b));
    expect(places, said).not.toContain(-1);
    expect(code).toBe(0);
    expect(await leftovers()).toEqual([]);
    // Whoever has the link has the page, and whoever has the code has a token.
    expect(said).not.toMatch(/\/go\/[\d-]+\/[0-9a-f]{32}|auth_code=/);
  }, 120_000);
});

/** The commands for the recordings, pasted after the export that stands above them. */
async function expectToWork(said: string): Promise<void> {
  const pasted = said.split('\n').map((line) => line.trim());
  const exported = /^export (.*)$/.exec(pasted.find((line) => line.startsWith('export ')) ?? '');
  const env: Record<string, string> = { PATH: withoutPulumi(), HOME: folder };
  for (const pair of (exported?.[1] ?? '').split(' ')) {
    const [name = '', value = ''] = pair.split('=');
    env[name] = value;
  }
  const looks = pasted.filter((line) => /^\.\/fyers (?:report|check|inspect) /.test(line));
  expect(looks, said).toHaveLength(6);
  const answers = await Promise.all(
    looks.map((line) => {
      // Not into a browser.
      const args = line.replace('--open', '--json').split(' ').slice(3);
      return promisify(execFile)(process.execPath, [FYERS, ...args], { cwd: ROOT, env });
    }),
  );
  for (const [index, words] of [
    '"received": 420',
    'It adds up.',
    'SBIN-EQ  2026-11-25',
  ].entries()) {
    expect(answers[index]?.stdout).toContain(words);
    // From the folder and from the bucket.
    expect(answers[index + 3]?.stdout).toContain(words);
  }
  await promisify(execFile)(process.execPath, [FYERS, 'check', '2026-11-25', '--s3'], {
    cwd: ROOT,
    env,
  });
}

describe('npm start on a day without trading', () => {
  test('asks for another day, and is no fault of any token', async () => {
    const { code, said } = await start('--date', '2026-11-28').ended;
    expect(code).toBe(2);
    expect(said).toMatch(/✘ operator\.usage: .*\(weekend\).* Name a trading day with --date\./);
  }, 60_000);
});

describe('npm start, interrupted', () => {
  test('ends its processes and removes its folder', async () => {
    const { child, ended, saidSoFar } = start();
    const emulator = new Promise<number>((resolve) => {
      child.stdout.on('data', () => {
        const port = /127\.0\.0\.1:(\d+) \(emulator/.exec(saidSoFar())?.[1];
        if (port !== undefined) resolve(Number(port));
      });
    });
    const port = await emulator;
    child.kill('SIGINT');
    const { code, said } = await ended;
    expect(code).toBe(2);
    expect(said).toContain('Stopped on request');
    expect(await leftovers()).toEqual([]);
    await expect(fetch(`http://127.0.0.1:${String(port)}/_ministack/ready`)).rejects.toThrow();
  }, 60_000);
});
