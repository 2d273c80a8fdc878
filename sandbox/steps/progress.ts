// Prints the progress of `npm start`: numbered steps with their times, colour on a terminal, plain text in a pipe.
import { styleText } from 'node:util';

type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

export interface Progress {
  /** Runs `work` as a step and prints its duration. */
  readonly step: <T>(title: string, work: () => Promise<T>) => Promise<T>;
  readonly note: (text: string) => void;
  readonly warn: (text: string) => void;
  readonly rows: (rows: readonly (readonly [string, string])[]) => void;
  readonly verdict: (good: boolean, text: string) => void;
}

export function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const paint = (style: Style, text: string) => styleText(style, text, { stream });
  const say = (text: string) => stream.write(`${text}\n`);
  let number = 0;
  return {
    step: async (title, work) => {
      number += 1;
      say(`\n${paint('bold', `${String(number)}. ${title}`)}`);
      const began = performance.now();
      const done = await work();
      say(paint('dim', `   ${((performance.now() - began) / 1_000).toFixed(1)} s`));
      return done;
    },
    note: (text) => say(`   ${text}`),
    warn: (text) => say(`   ${paint('yellow', text)}`),
    rows: (rows) => {
      const width = Math.max(...rows.map(([name]) => name.length));
      for (const [name, value] of rows) say(`   ${paint('cyan', name.padEnd(width))}  ${value}`);
    },
    verdict: (good, text) =>
      say(`\n${paint(good ? 'green' : 'red', good ? '✔' : '✘')} ${paint('bold', text)}`),
  };
}
