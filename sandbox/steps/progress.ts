// Prints the progress of `npm start`: numbered steps with their times, and a status line during each step. On a
// terminal the status line is updated in place; in a pipe a new line is printed every few seconds.
import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';
type Rows = readonly (readonly [string, string])[];

export interface Progress {
  /** Runs `work` as a step and prints its duration. */
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  readonly note: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly rows: (rows: Rows) => void;
  /** For maintainers: printed with `--verbose` only. */
  readonly details: (rows: Rows) => void;
  /** Sets the text of the status line, such as `reading every row`. */
  readonly status: (text: string) => void;
  readonly verdict: (isGood: boolean, text: string) => void;
}

const TICK_MS = 125;
/** In a pipe. */
const FIRST_LINE_AFTER_MS = 1_500;
const LINE_EVERY_MS = 4_000;
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏';
/** `  123.4 s` */
const TIME_WIDTH = 10;
const CLEAR_LINE = '\r\u001B[2K';

export function terminalProgress(stream: NodeJS.WriteStream, isVerbose: boolean): Progress {
  const paint = (style: Style, text: string) => styleText(style, text, { stream });
  const isTerminal = stream.isTTY;
  let [number, ticks, isDrawn, doing] = [0, 0, false, ''];
  const say = (text: string): void => {
    stream.write(`${isDrawn ? CLEAR_LINE : ''}${text}\n`);
    isDrawn = false;
  };
  const seconds = (since: number) => ((performance.now() - since) / 1_000).toFixed(1);
  const draw = (began: number): void => {
    ticks += 1;
    const sign = SPINNER[ticks % SPINNER.length] ?? '';
    // A terminal that does not know its width reports 0.
    const width = (stream.columns > 0 ? stream.columns : 80) - TIME_WIDTH;
    const text = `   ${sign} ${doing}`.slice(0, Math.max(20, width));
    stream.write(`${CLEAR_LINE}${text}  ${seconds(began)} s`);
    isDrawn = true;
  };
  /** Updates the status line until the returned function is called. */
  const move = (began: number): (() => void) => {
    let sayAt = began + FIRST_LINE_AFTER_MS;
    const timer = setInterval(() => {
      if (isTerminal) {
        draw(began);
      } else if (performance.now() >= sayAt) {
        say(`   … ${doing}, ${seconds(began)} s`);
        sayAt = performance.now() + LINE_EVERY_MS;
      }
    }, TICK_MS);
    return () => {
      clearInterval(timer);
    };
  };
  const rows = (all: Rows): void => {
    const width = Math.max(...all.map(([name]) => name.length));
    for (const [name, value] of all) say(`   ${paint('cyan', name.padEnd(width))}  ${value}`);
  };
  return {
    step: async (title, work) => {
      number += 1;
      doing = 'working';
      say(`\n${paint('bold', `${String(number)}. ${title}`)}`);
      const began = performance.now();
      const rest = move(began);
      try {
        const done = await work();
        say(paint('dim', `   ${seconds(began)} s`));
        return done;
      } finally {
        rest();
      }
    },
    note: (text) => {
      say(`   ${text}`);
    },
    warn: (text) => {
      say(`   ${paint('yellow', text)}`);
    },
    rows,
    details: (all) => {
      if (isVerbose && all.length > 0) rows(all);
    },
    status: (text) => {
      doing = text;
    },
    verdict: (isGood, text) => {
      say(`\n${paint(isGood ? 'green' : 'red', isGood ? '✔' : '✘')} ${paint('bold', text)}`);
    },
  };
}

const BAR_WIDTH = 24;

/** `09:22 [#####     ] 1,367 of 25,200` */
export function formatBar(time: string, done: number, total: number): string {
  const filled = total === 0 ? 0 : Math.min(BAR_WIDTH, Math.floor((done / total) * BAR_WIDTH));
  const bar = '#'.repeat(filled).padEnd(BAR_WIDTH);
  return `${time} [${bar}] ${done.toLocaleString('en')} of ${total.toLocaleString('en')}`;
}
