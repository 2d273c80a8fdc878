import { expect, test } from 'vitest';
import { heartbeat, linesQuarantined, sessionAwaited } from '../../../core/recording/log.ts';
import { nextSession } from '../../../core/market/calendar.ts';
import { istDate, istInstant } from '../../../core/time.ts';

test('sessionAwaited names the hours of an open session, and the command that shows their source', () => {
  const session = nextSession(istInstant(istDate('2026-11-26'), '09:15'));
  expect(sessionAwaited(session, 12_600).message).toBe(
    'The session of 2026-11-26 is from 09:00:00 to 16:00:00 IST: 12,600 slots for each symbol. The hours are sourced; `./fyers calendar 2026-11-26` shows the source.',
  );
});

test('The heartbeat and linesQuarantined use singular and plural', () => {
  expect(heartbeat(1, 20).message).toContain('Alive: 1 slot without a row');
  expect(heartbeat(2, 20).message).toContain('Alive: 2 slots without a row');
  const quarantined = (lines: number) =>
    linesQuarantined(istDate('2026-11-26'), lines, 'q').message;
  expect(quarantined(1)).toContain(
    '1 line of the day log of 2026-11-26 is not a complete row. It is kept in q',
  );
  expect(quarantined(2)).toContain('2 lines of the day log of 2026-11-26 are not complete rows.');
});
