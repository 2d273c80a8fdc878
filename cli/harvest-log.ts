// The harvester's log for a person at a terminal: a line for each event, and one that shows where it stands.
import { statusWords } from '../core/depth/status.ts';
import type { Onlooker } from '../harvester/ports.ts';
import { type Terminal, type Tone, paint } from './terminal.ts';

const TONES: Readonly<Record<string, Tone>> = { error: 'bad', warn: 'strong', debug: 'quiet' };
/** It comes every minute, and the line below shows the same. */
const HEARTBEAT = 'heartbeat';

export interface PersonsLog {
  /** A JSON line of the log. */
  readonly write: (line: string) => void;
  readonly onlooker: Onlooker;
}

/** Null where nobody looks: a pipe gets the JSON lines as they are. */
export function personsLog(terminal: Terminal, debug: boolean): PersonsLog | null {
  if (terminal.columns === null) return null;
  const show = (text: string): void => terminal.progress?.(text);
  return {
    write(line) {
      const text = textOf(terminal, line, debug);
      if (text === null) return;
      terminal.out(text);
    },
    onlooker: {
      progress(status) {
        show(paint(terminal, 'quiet', statusWords(status)));
      },
      stopping() {
        show('');
      },
    },
  };
}

/** `09:15:02  No row for some symbols …`; null for what is no news. A line of another form is shown as it is. */
function textOf(terminal: Terminal, line: string, debug: boolean): string | null {
  try {
    const { level, time, event, message } = JSON.parse(line) as Readonly<Record<string, string>>;
    if (event === HEARTBEAT && level === 'info' && !debug) return null;
    const text = `${(time ?? '').slice(11, 19)}  ${message ?? ''}`;
    const tone = TONES[level ?? ''];
    return tone === undefined ? text : paint(terminal, tone, text);
  } catch {
    return line.trimEnd();
  }
}
