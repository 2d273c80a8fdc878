import { describe, expect, test } from 'vitest';
import { personsLog } from '../../cli/commands/harvest.ts';
import { parseInstant } from '../../core/time.ts';

function createTerminal(columns: number | null) {
  const [out, shown]: [string[], string[]] = [[], []];
  const log = personsLog(
    {
      out: (line) => out.push(line),
      err: () => undefined,
      colour: false,
      columns,
      progress: (text) => shown.push(text),
    },
    false,
  );
  return { log, out, shown };
}

const line = (level: string, event: string, message: string) =>
  `{"level":"${level}","time":"2026-11-25T09:15:02.000+05:30","part":"harvester","event":"${event}","message":"${message}"}\n`;

describe('The harvester’s log on a terminal', () => {
  test('prints a line with the time for each event, and a heartbeat only if it is a warning', () => {
    const { log, out } = createTerminal(100);
    log?.write(line('info', 'recording', 'Recording 2026-11-25 from 09:00:00 IST.'));
    log?.write(line('info', 'heartbeat', 'Alive'));
    log?.write(line('warn', 'heartbeat', 'Alive: 5 slots without a row'));
    log?.write('no JSON\n');
    expect(out).toEqual([
      '09:15:02  Recording 2026-11-25 from 09:00:00 IST.',
      '09:15:02  Alive: 5 slots without a row',
      'no JSON',
    ]);
  });

  test('shows the progress of the harvester', () => {
    const { log, shown } = createTerminal(100);
    const at = parseInstant('2026-11-25T09:15:05+05:30');
    log?.listener.progress({
      at,
      doing: { kind: 'recording', slot: at, filled: 4, symbols: 5, lagMs: 3 },
      hasToken: false,
    });
    log?.listener.progress({ at, doing: { kind: 'waiting', opensAt: at }, hasToken: true });
    expect(shown).toEqual([
      '09:15:05 · slot 09:15:05, 4 of 5 symbols, 3 ms late · no token',
      '09:15:05 · waits for 25 Nov 2026, 09:15 IST',
    ]);
  });

  test('is null if the output is not a terminal', () => {
    expect(createTerminal(null).log).toBeNull();
  });
});
