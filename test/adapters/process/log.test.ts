import { describe, expect, test } from 'vitest';
import { createLog } from '../../../adapters/process/log.ts';
import { slotTaken } from '../../../core/recording/log.ts';
import { parseInstant } from '../../../core/time.ts';
import { loginNeeded, runFailed } from '../../../core/token/log.ts';
import { leaksOf } from '../../support/canaries.ts';
import { SEVEN, accessToken } from '../../support/keeper-fixture.ts';

const SLOT = slotTaken(parseInstant('2026-11-25T09:00:00+05:30'), {
  filled: 4,
  expected: 5,
  lagMs: 3,
  tookMs: 45,
});
const SECRET = `${accessToken(SEVEN)}/+?"`;

function startLog(debug = false) {
  const lines: string[] = [];
  const log = createLog({ clock: { now: () => SEVEN }, write: (line) => lines.push(line), debug });
  return { log, lines };
}

describe('The log', () => {
  test('writes an event as one JSON line with its metric', () => {
    const { log, lines } = startLog();
    log.log(loginNeeded('no-pin', 'Login needed.'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\n$/);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'warn',
      time: '2026-11-25T07:00:00.000+05:30',
      part: 'keeper',
      event: 'login-needed',
      message: 'Login needed.',
      metric: { name: 'LoginNeeded', value: 1 },
      facts: { reason: 'no-pin' },
    });
  });

  test('hides a secret value in every encoding and field', () => {
    const { log, lines } = startLog();
    log.hide(`${SECRET}\n`);
    const bytes = Buffer.from(SECRET);
    const forms = [SECRET, encodeURIComponent(SECRET), bytes.toString('base64')];
    forms.push(bytes.toString('base64url'), bytes.toString('hex'), JSON.stringify(SECRET));
    for (const form of forms) {
      log.log(runFailed('bug.unexpected', `before ${form} after`));
      log.log({ ...SLOT, level: 'info', facts: { deep: form } });
    }
    expect(lines).toHaveLength(12);
    expect(leaksOf(lines.join(''), { SECRET })).toEqual([]);
    for (const line of lines) expect(JSON.parse(line)).toBeTypeOf('object');
    expect(log.scrub(`x ${SECRET}`)).toBe('x [hidden]');
  });

  test('hides fields with secret names', () => {
    const { log, lines } = startLog();
    const facts = { pin: '4826', refresh_token: 'short', token: 'tiny' };
    log.log({ ...SLOT, level: 'info', facts });
    expect(lines[0]).not.toMatch(/4826|short|tiny/);
    expect(lines[0]?.match(/\[hidden\]/g)).toHaveLength(3);
  });

  test('does not hide a short value, whose gaps would reveal it', () => {
    const { log, lines } = startLog();
    log.hide('2026');
    log.log(runFailed('bug.unexpected', 'm'));
    expect(lines[0]).toContain('2026-11-25');
  });

  test('writes debug lines only if debug is on', () => {
    const [usual, more] = [startLog(), startLog(true)];
    for (const { log } of [usual, more]) log.log(SLOT);
    expect(usual.lines).toEqual([]);
    expect(JSON.parse(more.lines[0] ?? '')).toMatchObject({
      level: 'debug',
      event: 'slot-taken',
      message: 'Slot 09:00:00: 4 of 5, 3 ms late, in 45 ms.',
    });
  });
});
