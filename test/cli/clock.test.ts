// Tests a machine with a wrong clock; Fyers' clock is right: 09:00 IST on a trading day.
import { describe, expect, test } from 'vitest';
import { checkClock } from '../../cli/checks/machine.ts';
import { systemClock } from '../../adapters/process/clock.ts';
import { HOUR, MINUTE, instant, plus } from '../../core/time.ts';
import { mintToken } from '../../sandbox/fyers/tokens.ts';
import { APP, SEED, SEVEN } from '../sandbox/fyers/simulator.ts';
import {
  TOKEN_FILES,
  contentOf,
  expectNoSecret,
  createFolder,
  createPerson,
  modeOf,
  startSimulatedFyers,
  tokensIn,
} from './login-stage.ts';
import type { StageOptions } from './cli-harness.ts';
import { clocksOf } from '../../cli/checks/check.ts';

const NINE = SEVEN + 2 * HOUR;
const GOOD = mintToken(SEED, APP, 'access_token', SEVEN);
const YESTERDAY = mintToken(SEED, APP, 'access_token', SEVEN - 24 * HOUR);
const REFRESH = mintToken(SEED, APP, 'refresh_token', SEVEN - 24 * HOUR);
const SET = 'sudo timedatectl set-ntp true';

/** Starts Fyers at 09:00, and a folder on a machine whose clock is off by `offMs`. */
async function startWorld(
  offMs: number,
  options: StageOptions = {},
  extra = '',
  refresh: 'accepted' | 'refused' = 'refused',
) {
  const fyers = await startSimulatedFyers({}, refresh);
  fyers.setClock(NINE);
  const folder = await createFolder(fyers, { ...options, now: instant(NINE + offMs) }, extra);
  return {
    ...{ fyers, folder },
    async [Symbol.asyncDispose]() {
      await folder[Symbol.asyncDispose]();
      await fyers[Symbol.asyncDispose]();
    },
  };
}

describe('fyers tokens', () => {
  test.each([
    [-5.5 * HOUR, '5 h 30 min behind', 2],
    [5.5 * HOUR - 15 * MINUTE, '5 h 15 min ahead', 0],
    [-3 * 24 * HOUR, '3 d behind', 2],
  ])('reports a clock that is off by %i ms when it judges a live token', async (...row) => {
    const [offMs, words, code] = row;
    await using world = await startWorld(offMs);
    world.folder.write('access_token.txt', GOOD);
    const { out, err, ...ran } = await world.folder.run('tokens');
    expect(ran.code).toBe(code);
    expect(`${out}${err}`).not.toContain('malformed');
    const problem = `This machine's clock is ${words}, by the time of Fyers' answer.`;
    expect(code === 0 ? out : err).toContain(problem);
    if (code === 2) expect(err).toMatch(/operator\.prerequisite: .*sudo timedatectl set-ntp true/);
    expectNoSecret(`${out}${err}`, [GOOD]);
  });

  test('exits with 2 if 06:00 lies between the two clocks', async () => {
    await using world = await startWorld(-5.5 * HOUR);
    world.folder.write('access_token.txt', GOOD);
    expect(await world.folder.run('tokens')).toMatchObject({ code: 2 });
    const { code, out } = await world.folder.run('tokens', '--offline', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({
      accessToken: { state: 'unproven' },
      notices: expect.arrayContaining([
        expect.stringContaining('at least 3 h 30 min behind'),
      ]) as unknown,
    });
  });

  test.each([2 * MINUTE, -2 * MINUTE, 0])(
    'does not mention a clock that is off by %i ms',
    async (offMs) => {
      await using world = await startWorld(offMs);
      world.folder.write('access_token.txt', GOOD);
      const { code, out, err } = await world.folder.run('tokens');
      expect(code).toBe(0);
      expect(`${out}${err}`).not.toContain('clock is');
    },
  );

  test('does not blame the clock for a token that has expired by both clocks', async () => {
    await using world = await startWorld(HOUR);
    world.folder.write('access_token.txt', YESTERDAY);
    const { code, err } = await world.folder.run('tokens');
    expect({ code, clock: err.includes('clock is') }).toEqual({ code: 2, clock: false });
    expect(err).toContain('operator.credentials');
  });
});

describe('fyers login', () => {
  test.each([
    [-26 * HOUR, '1 d 2 h behind'],
    [23 * HOUR, '23 h ahead'],
  ])('keeps the new token and reports a clock that is off by %i ms', async (offMs, words) => {
    await using world = await startWorld(offMs, createPerson());
    const { code, out, err } = await world.folder.run('login');
    expect({ code, err }).toMatchObject({ code: 0 });
    expect(out).toContain('Logged in: good until 26 Nov 2026, 06:00 IST.');
    expect(tokensIn(world.folder)).toEqual(TOKEN_FILES);
    expect(err).toContain(
      `This machine's clock is ${words}, by the time of Fyers' answer. Set it with`,
    );
    expect(err).toContain(SET);
  });

  test('does not ask for another login while Fyers accepts the token', async () => {
    const me = createPerson();
    await using world = await startWorld(-5.5 * HOUR, me);
    world.folder.write('access_token.txt', GOOD);
    const { code, out, err } = await world.folder.run('login');
    expect({ code, asked: me.questions.length }).toEqual({ code: 0, asked: 0 });
    expect(out).toContain('Already good until 26 Nov 2026, 06:00 IST');
    expect(err).toContain('5 h 30 min behind');
  });
});

describe('fyers refresh --local', () => {
  test('sends no request if the tokens show that the clock is wrong', async () => {
    await using world = await startWorld(-5.5 * HOUR, {}, `FYERS_PIN=${APP.pin}\n`, 'accepted');
    world.folder.write('access_token.txt', GOOD);
    world.folder.write('refresh_token.txt', REFRESH);
    const { code, err } = await world.folder.run('refresh', '--local');
    expect(code).toBe(2);
    expect(err).toContain(
      "operator.prerequisite: This machine's clock is at least 3 h 30 min behind",
    );
    expect(world.fyers.requests()).toEqual([]);
  });

  test('keeps a token that it could not judge, and reports the clock', async () => {
    await using world = await startWorld(-5.5 * HOUR, {}, `FYERS_PIN=${APP.pin}\n`, 'accepted');
    world.folder.write('refresh_token.txt', REFRESH);
    const { code, out, err } = await world.folder.run('refresh', '--local');
    expect(code).toBe(2);
    expect(err).toContain("operator.prerequisite: This machine's clock is 5 h 30 min behind");
    expect(modeOf(world.folder, 'access_token.txt')).toBe('600');
    expectNoSecret(`${out}${err}`, [contentOf(world.folder, 'access_token.txt'), REFRESH]);
  });
});

describe('The clock check of fyers doctor', () => {
  test.each<[what: string, { aws?: number; fyers?: number; issued?: number }, string, RegExp]>([
    ['nothing answered', {}, 'skipped', /neither AWS nor Fyers/],
    ['AWS agrees', { aws: -MINUTE }, 'ok', /AWS/],
    [
      'AWS is half an hour ahead',
      { aws: 30 * MINUTE },
      'problem',
      /30 min behind, by the time of AWS/,
    ],
    ['AWS is a day behind', { aws: -24 * HOUR }, 'problem', /1 d ahead/],
    ['Fyers agrees', { fyers: 0 }, 'ok', /Fyers/],
    ['Fyers is ahead', { fyers: 5.5 * HOUR }, 'problem', /5 h 30 min behind, by the time of Fyers/],
    ['a token was issued in the future', { issued: HOUR }, 'problem', /at least 1 h behind/],
    ['a token was issued in the past', { issued: -2 * HOUR }, 'skipped', /neither/],
  ])('reports its finding if %s', (_what, { aws, fyers, issued }, state, detail) => {
    const clocks = clocksOf({ now: () => instant(NINE) });
    if (aws !== undefined) clocks.onAwsTime(plus(systemClock.now(), aws));
    if (fyers !== undefined) clocks.onServerTime(instant(NINE + fyers));
    if (issued !== undefined) clocks.onToken(mintToken(SEED, APP, 'access_token', NINE + issued));
    const found = checkClock({ clock: clocks });
    expect(found).toMatchObject({ state, detail: expect.stringMatching(detail) as unknown });
    if (found.state === 'problem') expect(found.todo[0]).toContain(SET);
  });
});
