// Tests `npm start` in child processes, as a user runs it; test/full has the whole day.
import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { ROOT } from '../support/source-tree.ts';
import { startRunner } from './start-runner.ts';

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
