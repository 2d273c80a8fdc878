// Asks questions with npm's own prompt, and reads a pasted address that may have several lines.
import { createInterface } from 'node:readline';
import { read } from 'read';
import { FyersError } from '../../core/errors.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import type { AskOptions, Person } from './io.ts';
import { withoutControls } from './terminal.ts';

/** Maximum pause between two lines of one paste. */
const PASTE_PAUSE_MS = 0.2 * SECOND;
/** The same if the input is not complete yet. */
const REST_PAUSE_MS = SECOND;

/** Questions go to standard error, so that standard output holds only the command's answer. */
export const atTerminal: Person = {
  ask: (question, { hidden = false, isWhole }: AskOptions = {}) =>
    answerTo(
      isWhole === undefined
        ? read({ prompt: withoutControls(question), silent: hidden, output: process.stderr })
        : readPasted(withoutControls(question), {
            input: process.stdin,
            output: process.stderr,
            isWhole,
          }),
    ),
  async confirm(question) {
    const answer = await answerTo(
      read({ prompt: `${withoutControls(question)} [y/N] `, output: process.stderr }),
    );
    return /^y(?:es)?$/i.test(answer.trim());
  },
};

export interface PasteOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  readonly isWhole: (text: string) => boolean;
  readonly pauseMs?: number;
  readonly restPauseMs?: number;
}

/**
 * Reads all lines of a paste. A terminal that wraps also copies line ends: the lines after the first must not be left
 * for the next question or the shell. @throws Error at Ctrl-C, and if the input ends before a line
 */
export function readPasted(question: string, options: PasteOptions): Promise<string> {
  const { input, output, isWhole, pauseMs = PASTE_PAUSE_MS, restPauseMs = REST_PAUSE_MS } = options;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const lines: string[] = [];
  const terminal = Reflect.get(output, 'isTTY') === true;
  // Without this limit, a paste with both CR and LF gets an empty line after each line.
  const reader = createInterface({ input, output, terminal, crlfDelay: MINUTE });
  const text = (): string => [...lines, reader.line].join('\n');
  const end = (): void => {
    if (reader.line !== '') output.write('\n');
    resolve(text());
    reader.close();
  };
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      end,
      lines.join('').trim() === '' || isWhole(text()) ? pauseMs : restPauseMs,
    );
  };
  reader.on('line', (line) => {
    lines.push(line);
    wait();
  });
  // A last line without a line end may still be arriving.
  const more = (): void => {
    if (lines.length > 0) wait();
  };
  input.on('data', more);
  reader.on('SIGINT', () => {
    reject(new Error('canceled'));
    reader.close();
  });
  reader.on('close', () => {
    clearTimeout(timer);
    input.off('data', more);
    // When the input ends, its last line is already in `lines`.
    if (lines.length > 0) resolve(lines.join('\n'));
    else reject(new Error('the input ended'));
  });
  reader.setPrompt(`${question.trim()} `);
  reader.prompt();
  return promise;
}

/** Ctrl-C at a question is the person's decision, not an error. */
async function answerTo(answer: Promise<string>): Promise<string> {
  try {
    return await answer;
  } catch (caught) {
    throw new FyersError(
      'operator.usage',
      'The question was not answered.',
      'Repeat the command; `./fyers --help` lists all of them.',
      {
        cause: caught,
      },
    );
  }
}
