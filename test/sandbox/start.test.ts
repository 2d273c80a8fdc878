// Tests `npm start` in child processes, as a user runs it; CI runs the whole day with `npm start`
// itself.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../adapters/process/clock.ts';
import { istDateAt } from '../../core/time.ts';
import { ROOT } from '../support/source-tree.ts';
import { startRunner, withoutPulumi } from './start-runner.ts';

const FYERS = path.join(ROOT, 'cli', 'main.js');
const APP = 'FYERS_CLIENT_ID=DEMO1234AB-100\nFYERS_SECRET_KEY=DEMOSECRET\n';

const runner = startRunner();
const { start, operatorFolder, quickFolder, leftovers } = runner;

describe('npm start with wrong input', () => {
  test.each([
    ['--brocker', 'today', '--brocker', 'npm start -- --help'],
    ['--broker', 'closed', 'closed', 'today or accepting'],
    ['--feed', 'sse', 'sse', 'rest, tbt, hsm'],
    ['--env', '/absent', '/absent', 'operator.config'],
    ['--date', '2026-02-30', '2026-02-30', 'has no day 30'],
    // Neither has trading.
    ['--date', '2026-11-28', '2026-11-28', 'operator.usage'],
    ['--date', '2026-11-24', '2026-11-24', 'operator.usage'],
  ])('rejects %s %s, and prints %s and %s', async (option, value, named, words) => {
    const { code, said } = await start(option, value).ended;
    expect(code).toBe(2);
    expect(said).toContain(named);
    expect(said).toContain(words);
    expect(await leftovers()).toEqual([]);
  });

  test.each([['--date'], ['extra']])(
    'reports the problem with %s in one sentence',
    async (argument) => {
      const { said } = await start(argument).ended;
      expect(said).toMatch(
        /✘ operator\.usage: [^.]+\. `npm start -- --help` lists the options\.\n$/,
      );
    },
  );

  test('does not change an existing day in the folder of --data', async () => {
    const data = await operatorFolder({});
    await mkdir(path.join(data, 'days', '2026-11-25'), { recursive: true });
    const { code, said } = await start('--data', data).ended;
    expect(code).toBe(2);
    expect(said).toContain('already has 2026-11-25; nothing was changed');
  });

  test('reports every problem of a folder at once, and creates nothing', async () => {
    const dir = await operatorFolder({
      '.env': 'FYERS_CLIENT_ID=DEMO1234AB-100\nFYERS_PIN=9x7\nFYERS_SYMBOLS=FUT:\n',
      'access_token.txt': 'not a token',
    });
    const { code, said } = await start('--env', dir).ended;
    expect(code).toBe(2);
    for (const place of ['FYERS_SECRET_KEY', 'FYERS_PIN', 'FUT:', 'access_token.txt'])
      expect(said).toContain(place);
    expect(said).not.toContain('9x7');
    expect(said).not.toMatch(/pulumi/i);
    expect(await leftovers()).toEqual([]);
  });

  test.each([
    [
      ['--feed', 'tbt'],
      `${APP}FYERS_SYMBOLS=NSE:NIFTY50-INDEX\n`,
      'cannot stream NSE:NIFTY50-INDEX',
    ],
    [[], `${APP}FYERS_FEED=sse\n`, 'FYERS_FEED'],
    [[], '', 'FYERS_CLIENT_ID'],
  ])('rejects, with %j, a folder with %j', async (flags, env, words) => {
    const { code, said } = await start('--env', await operatorFolder({ '.env': env }), ...flags)
      .ended;
    expect(code).toBe(2);
    expect(said).toContain(words);
    expect(said).not.toMatch(/pulumi/i);
    expect(await leftovers()).toEqual([]);
  });

  test('uses the closed days in the calendar.json of the folder', async () => {
    const special = [{ date: '2026-11-28', closed: true, why: 'mine' }];
    const dir = await operatorFolder({ '.env': APP, 'calendar.json': JSON.stringify(special) });
    const { code, said } = await start('--env', dir, '--date', '2026-11-28').ended;
    expect({ code, isOwn: said.includes('mine') }).toEqual({ code: 2, isOwn: true });
  });

  test('starts a day off on which the calendar.json of the folder has a session', async () => {
    const special = [{ date: '2026-11-28', name: 'special' }];
    const dir = await operatorFolder({ '.env': APP, 'calendar.json': JSON.stringify(special) });
    const run = start('--env', dir, '--date', '2026-11-28');
    await run.until('Start stand-ins');
    const { said } = await run.stop('SIGINT');
    expect(said).toContain('Stopped (SIGINT)');
    expect(said).not.toContain('operator.usage');
    expect(await leftovers()).toEqual([]);
  }, 60_000);

  test.each([
    ['of another run', { FYERS_API_URL: 'http://127.0.0.1:1', FYERS_BUCKET: 'fyers-depth' }],
    ['of an emulator that has ended', {}],
  ])('rejects an AWS_ENDPOINT_URL %s', async (_, others) => {
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1', ...others };
    const { code, said } = await runner.startIn(env).ended;
    expect(code).toBe(2);
    expect(said).toContain('unset AWS_ENDPOINT_URL');
    expect(await leftovers()).toEqual([]);
  });

  test.each([
    ['missing', null],
    ['too old', '#!/bin/sh\nexit 1\n'],
  ])('rejects a machine whose Python is %s', async (_, script) => {
    const bin = await operatorFolder({});
    if (script !== null) await writeFile(path.join(bin, 'python3'), script, { mode: 0o755 });
    const code = `
      const { checkVenv } = await import(${JSON.stringify(path.join(ROOT, 'sandbox/aws/venv.ts'))});
      await checkVenv('ministack', ['not-installed==0']).catch(({ code }) => console.log(code));`;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--input-type=module', '-e', code],
      { env: { PATH: bin } },
    );
    expect(stdout.trim()).toBe('operator.prerequisite');
  });

  test('rejects a file as the folder of --data', async () => {
    const file = path.join(await operatorFolder({ 'data.txt': '' }), 'data.txt');
    const { code, said } = await start('--data', file).ended;
    expect(code).toBe(2);
    expect(said).toContain(file);
  });

  test('rejects an invalid date within five seconds', async () => {
    const began = performance.now();
    await start('--date', '2026-11-28').ended;
    // Includes the start of Node, and time for a busy machine.
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('npm start -- --broker today', () => {
  test('leads from the refusal over message, link, page and callback to a recorded day, and prints commands that work', async () => {
    const data = path.join(runner.folder(), 'operator-recordings');
    const flags = [
      '--broker',
      'today',
      '--env',
      await quickFolder(),
      '--data',
      data,
      '--keep',
      '--verbose',
    ];
    const { child, ended, saidSoFar } = start(...flags);
    const up = new Promise<void>((resolve) => {
      child.stdout.on('data', () => {
        if (saidSoFar().includes("curl -H 'Host")) resolve();
      });
    });
    const isThatDay = istDateAt(systemClock.now()) === '2026-11-25';
    await Promise.race([up, ended]);
    try {
      await expectCommandsToWork(saidSoFar());
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
      'yes: the broker accepts it',
      'the link again → 200 "Already done"',
      '{"statusCode": 200, "body": "{\\"message\\": \\"✅ Token refresh completed successfully!\\"}"}',
      '"token": "live"',
      'equal what the simulator served',
      'permissions were granted and not used by this run',
      'It adds up.',
      'The day is recorded: 420 of 420 slots.',
      path.join(data, 'report-2026-11-25.html'),
      ...(isThatDay ? [] : ['The tokens are of 25 Nov 2026']),
    ];
    const places = inOrder.map((words) => said.indexOf(words));
    expect(places, said).toEqual([...places].sort((a, b) => a - b));
    expect(places, said).not.toContain(-1);
    expect(code).toBe(0);
    expect(await leftovers()).toEqual([]);
    // Everyone with the link can open the page, and everyone with the code can get a token.
    expect(said).not.toMatch(/\/go\/[\d-]+\/[0-9a-f]{32}|auth_code=/);
  }, 120_000);
});

/** Runs the printed commands for the recordings, with the variables of the printed export. */
async function expectCommandsToWork(said: string): Promise<void> {
  const pasted = said.split('\n').map((line) => line.trim());
  const exported = /^export (.*)$/.exec(pasted.find((line) => line.startsWith('export ')) ?? '');
  const env: Record<string, string> = { PATH: withoutPulumi(), HOME: runner.folder() };
  for (const pair of (exported?.[1] ?? '').split(' ')) {
    const [name = '', value = ''] = pair.split('=');
    env[name] = value;
  }
  const looks = pasted.filter((line) => /^\.\/fyers (?:report|check|inspect) /.test(line));
  expect(looks, said).toHaveLength(6);
  const answers = await Promise.all(
    looks.map((line) => {
      // `--json` does not open a browser.
      const args = line.replace('--open', '--json').split(' ').slice(1);
      return promisify(execFile)(process.execPath, [FYERS, ...args], { cwd: ROOT, env });
    }),
  );
  for (const [index, words] of [
    '"received": 420',
    'It adds up.',
    'SBIN-EQ  2026-11-25',
  ].entries()) {
    expect(answers[index]?.stdout).toContain(words);
    // The same command, from the folder and from the bucket.
    expect(answers[index + 3]?.stdout).toContain(words);
  }
  await promisify(execFile)(process.execPath, [FYERS, 'check', '2026-11-25', '--s3'], {
    cwd: ROOT,
    env,
  });
}

describe('npm start, interrupted', () => {
  test('SIGINT in the first step ends its processes and removes its folders', async () => {
    const run = start('--env', await quickFolder(1));
    await run.until('Start stand-ins');
    const { code, said } = await run.stop('SIGINT');
    expect(code).toBe(2);
    expect(said).toContain('Stopped (SIGINT)');
    expect(await leftovers()).toEqual([]);
    expect(runner.processes()).toEqual([]);
  }, 60_000);

  test('a closed pipe ends it, and leaves no process and no folder', async () => {
    const run = start();
    await run.until('Provision the program');
    run.child.stdout.destroy();
    const { code } = await run.ended;
    expect(code).toBe(2);
    expect(await leftovers()).toEqual([]);
    expect(runner.processes()).toEqual([]);
  }, 60_000);
});
