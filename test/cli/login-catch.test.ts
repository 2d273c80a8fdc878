import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AppId, AppSecret } from '../../core/config/values.ts';
import { instant, istDate } from '../../core/time.ts';
import { newState } from '../../core/token/login/link.ts';
import { APP, NOON } from '../sandbox/fyers/simulator.ts';
import {
  contentOf,
  expectNoSecret,
  createFolder,
  freePort,
  logInAt,
  modeOf,
  startSimulatedFyers,
  stoppedClock,
} from './login-stage.ts';
import type { StageOptions } from './cli-harness.ts';

const MAIN = path.join(import.meta.dirname, '../../cli/main.js');
const WEDNESDAY = istDate('2026-11-25');
const STRANGER = { id: APP.id as AppId, secret: 'ANOTHERSECRET' as AppSecret };

/**
 * Starts an app whose registered URL is on this machine. @param browser runs when the page opens
 */
async function startLoopbackLogin(browser: (url: string, redirectUri: string) => Promise<void>) {
  const redirectUri = `http://127.0.0.1:${String(await freePort())}/back`;
  const fyers = await startSimulatedFyers({ redirectUri });
  onTestFinished(() => fyers.close());
  const work: Promise<void>[] = [];
  const open = (url: string): Promise<void> => {
    work.push(browser(url, redirectUri));
    return Promise.resolve();
  };
  const folder = (options: StageOptions = { clock: stoppedClock }) =>
    createFolder(fyers, { open, ...options }, `FYERS_REDIRECT_URI=${redirectUri}\n`);
  return { fyers, folder, redirectUri, browserDone: () => Promise.all(work) };
}

describe('fyers login with a URL on this machine', () => {
  test('receives Fyers’ redirect and shows the result in the browser', async () => {
    const pages: string[] = [];
    const headers: Headers[] = [];
    const { folder, browserDone } = await startLoopbackLogin(async (url) => {
      const page = await fetch(await logInAt(url));
      headers.push(page.headers);
      pages.push(await page.text());
    });
    await using at = await folder();
    const { code, out, err } = await at.run('login');
    await browserDone();
    expect(code).toBe(0);
    expect(out).toContain('Logged in: good until 26 Nov 2026, 06:00 IST.');
    expect(modeOf(at, 'access_token.txt')).toBe('600');
    expect(pages[0]).toContain('You can close this window.');
    expect(pages[0]).not.toMatch(/<script|auth_code/);
    expect(headers[0]?.get('cache-control')).toBe('no-store');
    expectNoSecret(`${out}${err}${pages.join('')}`, [contentOf(at, 'access_token.txt')]);
  });

  test('answers every other request with an error and continues to wait', async () => {
    const answers: number[] = [];
    const { fyers, folder, browserDone } = await startLoopbackLogin(async (url, back) => {
      const forged = newState(STRANGER, WEDNESDAY, instant(NOON), 'ab'.repeat(16));
      const good = await logInAt(url);
      const elsewhere = new URL('/favicon.ico', back).href;
      const attempts: readonly (readonly [string, string])[] = [
        [elsewhere, 'GET'],
        [back, 'GET'],
        [`${back}?s=ok&auth_code=a&state=${forged}`, 'GET'],
        [`${back}?s=error&message=no&state=${forged}`, 'GET'],
        [`${back}?${'x'.repeat(9_000)}=1`, 'GET'],
        [good, 'POST'],
        [good, 'GET'],
      ];
      for (const [address, method] of attempts) {
        const answer = await fetch(address, { method });
        expect(await answer.text()).not.toContain('auth_code=');
        answers.push(answer.status);
      }
    });
    await using at = await folder();
    expect((await at.run('login')).code).toBe(0);
    await browserDone();
    expect(answers).toEqual([404, 400, 400, 400, 400, 405, 200]);
    expect(fyers.requests().filter(({ path }) => path.endsWith('validate-authcode'))).toHaveLength(
      1,
    );
  });

  test('fails with Fyers’ own error if it comes with the right state', async () => {
    const { folder, browserDone } = await startLoopbackLogin(async (url, back) => {
      const state = new URL(url).searchParams.get('state') ?? '';
      await fetch(`${back}?s=error&code=-99&message=declined&state=${state}`);
    });
    await using at = await folder();
    const { code, err } = await at.run('login');
    await browserDone();
    expect(code).toBe(2);
    expect(err).toContain('operator.login: Fyers ended the login with an error: declined');
  });

  test('names the port that another program uses before it opens a page', async () => {
    let opened = 0;
    const { folder, redirectUri } = await startLoopbackLogin(() => {
      opened += 1;
      return Promise.resolve();
    });
    await using at = await folder();
    const { port } = new URL(redirectUri);
    const other = createServer().listen(Number(port), '127.0.0.1');
    await once(other, 'listening');
    const { code, err } = await at.run('login');
    other.close();
    expect({ code, opened }).toEqual({ code: 2, opened: 0 });
    expect(err).toMatch(/^operator\.prerequisite: /m);
    expect(err).toContain(`Port ${port} of 127.0.0.1`);
    expect(err).toContain('login --paste');
  });

  test('fails after ten minutes without a redirect, and frees the port', async () => {
    const { folder, redirectUri } = await startLoopbackLogin(() => Promise.resolve());
    // The virtual clock jumps to the deadline.
    await using at = await folder({});
    const { code, err } = await at.run('login');
    expect(code).toBe(2);
    expect(err).toContain(`did not redirect the browser to ${redirectUri} within ten minutes`);
    const hint = 'If Fyers shows an error, the app id or the redirect URL is not as registered';
    expect(err.split(hint)).toHaveLength(2);
    await expect(fetch(redirectUri)).rejects.toThrow();
  });

  test('exits with 2 on Ctrl-C and frees the port', async () => {
    const { folder, redirectUri } = await startLoopbackLogin(() => Promise.resolve());
    await using at = await folder();
    const child = spawn(process.execPath, [MAIN, 'login', '--no-open'], { cwd: at.folder });
    const printed: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => {
      printed.push(chunk.toString());
      if (!child.killed && printed.join('').includes('Waiting up to ten minutes'))
        child.kill('SIGINT');
    });
    await once(child, 'close');
    expect(child.exitCode).toBe(2);
    expect(printed.join('')).toContain('operator.usage: The login was not finished');
    await expect(fetch(redirectUri)).rejects.toThrow();
  });

  test('asks for the pasted address with --paste', async () => {
    let url = '';
    const { folder, redirectUri } = await startLoopbackLogin((opened) => {
      url = opened;
      return Promise.resolve();
    });
    const ask = () => logInAt(url);
    const confirm = () => Promise.resolve(false);
    await using at = await folder({ person: { ask, confirm } });
    expect((await at.run('login', '--paste')).code).toBe(0);
    expect(new URL(url).searchParams.get('redirect_uri')).toBe(redirectUri);
  });
});
