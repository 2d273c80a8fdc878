import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseSettings } from '../../harvester/settings.ts';
import { operatorToken } from '../support/operator-token.ts';
import contract from '../contract.json' with { type: 'json' };
import { ROOT } from '../support/source-tree.ts';
import { makeFolderPerTest } from '../support/temporary-folder.ts';
import { stage } from './cli-harness.ts';

const MAIN = path.join(ROOT, 'cli', 'main.js');
const TOKEN = operatorToken('access_token', '2026-11-02T07:00:00+05:30');
const SECRET = 'SECRETKEY1';

const folder = makeFolderPerTest();
beforeEach(() => {
  write('.env', `FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SECRET_KEY=${SECRET}\n`);
});

function write(name: string, content: string): void {
  writeFileSync(path.join(folder.path, name), content);
}

/** Neither AWS nor the broker is reachable with these settings. */
const ENV = {
  PATH: path.dirname(process.execPath),
  AWS_EC2_METADATA_DISABLED: 'true',
  FYERS_API_URL: 'http://127.0.0.1:9',
};

interface Ran {
  readonly code: unknown;
  readonly out: string;
  readonly err: string;
}

function runFyers(...argv: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...argv],
      { cwd: folder.path, env: ENV },
      (error, out, err) => {
        resolve({ code: error?.code ?? 0, out, err });
      },
    );
  });
}

const COMMANDS = Object.keys(contract.commands).map((usage) =>
  usage.split(' ').filter((word) => /^[a-z]/.test(word) && word !== 'fyers'),
);

function startHarvest() {
  const args = [MAIN, 'harvest', '--data', path.join(folder.path, 'data')];
  const stdio = ['ignore', 'pipe', 'inherit'] as ['ignore', 'pipe', 'inherit'];
  return spawn(process.execPath, args, { cwd: folder.path, env: ENV, stdio });
}

describe('./fyers', () => {
  test.each(COMMANDS)('prints help with an example for %j', async (...command) => {
    await using at = await stage();
    const { code, out, err } = await at.run(...command, '--help');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain(`Usage: ${['fyers', ...command].join(' ')} `);
    if (command.join(' ') !== 'ssm') expect(out).toMatch(/Examples?:\n {2}\$ /);
  });

  test.each([
    [[]],
    [['tokns']],
    [['tokens', '--nope']],
    [['tokens', 'extra']],
    [['tokens', '--dir']],
    [['ssm']],
    [['ssm', 'get']],
    [['ssm', 'set']],
    [['doctor', 'extra']],
    [['configure', '--nope']],
  ])('exits with 2 for the arguments %j and prints only to standard error', async (argv) => {
    await using at = await stage();
    const { code, out, err } = await at.run(...argv);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/Usage: |--help/);
  });

  test('prints its version', async () => {
    await using at = await stage();
    const { code, out } = await at.run('--version');
    expect(code).toBe(0);
    expect(out).toMatch(/^\d+\.\d+\.\d+$/);
  });

  test('prints without colours to a pipe, and its exit code is the process’s', async () => {
    const [help, wrong] = await Promise.all([runFyers('--help'), runFyers('tokns')]);
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).not.toContain('\u001B');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('Did you mean tokens?');
  });

  test('prints an error in one line, without a stack trace or a secret', async () => {
    write('access_token.txt', TOKEN);
    const ran = await Promise.all([runFyers('tokens'), runFyers('ssm', 'list')]);
    expect(ran.map(({ code }) => code)).toEqual([2, 2]);
    const [tokens, ssm] = ran;
    expect(tokens.out).toMatch(/^access +expired/m);
    expect(tokens.err.trim().split('\n')).toHaveLength(1);
    expect(ssm.err).toMatch(/^operator\.credentials: .*aws configure/);
    for (const { out, err } of ran) {
      for (const secret of [TOKEN, SECRET]) expect(`${out}${err}`).not.toContain(secret);
      expect(err).not.toMatch(/\n\s+at /);
    }
  });
});

describe('./fyers harvest', () => {
  test('passes its arguments to the harvester in their order', async () => {
    const argv = ['--every', '7s', '--days', '0', '--tokens', folder.path];
    const { code, out, err } = await runFyers('harvest', ...argv);
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err).toMatch(
      /^operator\.config: --every: seconds between slots "7" must divide 60; --days must be/,
    );
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  test('reads the harvester’s keys from .env', async () => {
    write('.env', 'FYERS_CLIENT_ID=ABCD1234EF-100\nFYERS_SYMBOLS=FUT:\n');
    const { code, err } = await runFyers('harvest');
    expect(code).toBe(2);
    expect(err).toContain('.env line 2: symbol "FUT:" must be');
  });

  test('exits with 0 on the first SIGTERM', async () => {
    write('access_token.txt', TOKEN);
    const child = startHarvest();
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test.each([
    ['malformed', 'garbage'],
    ['a refresh token', operatorToken('refresh_token', '2026-11-25T07:00:00+05:30')],
    ['empty', ''],
  ])('exits with 2 if the access token is %s', async (_what, token) => {
    write('access_token.txt', token);
    const { code, out } = await runFyers('harvest', '--data', path.join(folder.path, 'data'));
    expect(code).toBe(2);
    expect(out).toMatch(/"event":"operator\.token-file"/);
    if (token !== '') expect(out).not.toContain(token);
  });

  test.each([
    ['expired', operatorToken('access_token', '2025-11-25T07:00:00+05:30')],
    ['missing', null],
  ])('warns once in a pipe about a token that is %s, and waits', async (what, token) => {
    rmSync(path.join(folder.path, 'access_token.txt'), { force: true });
    if (token !== null) write('access_token.txt', token);
    const child = startHarvest();
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      const isFirst = !output.includes('session-awaited');
      output += piece;
      if (isFirst && output.includes('session-awaited')) child.kill('SIGTERM');
    });
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(
      output.match(new RegExp(`"level":"warn".*"event":"token-${what}".*fyers login`, 'g')),
    ).toHaveLength(1);
  });

  test('exits with 4 if it cannot record into the folder', async () => {
    write('access_token.txt', TOKEN);
    mkdirSync(path.join(folder.path, 'data'));
    write('data/days', 'a file in the place of a folder');
    for (const [data, message] of [
      [
        'data',
        /"platform\.disk.*Nothing can be recorded into .*days.*Remove the file or folder.*`ls -ld .*--data DIR/,
      ],
      ['access_token.txt/data', /"platform\.disk.*The disk refuses: ENOTDIR/],
    ] as const) {
      const { code, out } = await runFyers('harvest', '--data', path.join(folder.path, data));
      expect(out).toMatch(message);
      expect(code).toBe(4);
    }
  });

  test('documents exactly the flags that the harvester accepts', async () => {
    const { out } = await runFyers('harvest', '--help');
    const explained = [...out.matchAll(/^ {2}--([a-z-]+)(?: (\S+))?/gm)].map(([, flag, value]) => ({
      flag: flag ?? '',
      takesValue: value !== undefined,
    }));
    const samples: Readonly<Record<string, string>> = {
      tokens: '.',
      data: 'data',
      symbols: 'NSE:SBIN-EQ',
      every: '5s',
      feed: 'hsm',
      days: '1',
      until: '2026-11-25T16:00:00+05:30',
    };
    for (const { flag, takesValue } of explained) {
      const argv = [`--${flag}`, ...(takesValue ? [samples[flag] ?? ''] : [])];
      expect(parseSettings(argv, {})).toHaveProperty('kind', 'harvest');
    }
    expect(() => parseSettings(['--nope'], {})).toThrow('--nope');
    expect(explained.length).toBe(11);
  });
});
