// Defines a command's access to the outside world, so that tests can replace it. Asks the person at the terminal with
// npm's own prompt, and reads a pasted address that may have several lines.
import { createInterface } from 'node:readline';
import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import { read } from 'read';
import { FyersError } from '../../core/errors.ts';
import type { Clock } from '../../core/ports.ts';
import { MINUTE, SECOND } from '../../core/time.ts';
import { type Terminal, withoutControls } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Io extends Terminal {
  /** Working directory of the command. */
  readonly cwd: string;
  readonly env: Environment;
  readonly clock: Clock;
  /** Options for every AWS client; a command imports a client's package only if it needs it: `new SSMClient(io.aws)`. */
  readonly aws: AwsOptions;
  /** The person at the terminal; null without a terminal (a pipe, a script). */
  readonly person: Person | null;
  /** Reads all of standard input, for a piped value. */
  readonly piped: () => Promise<string>;
  /** Opens a page in the person's browser; resolves after starting it. */
  readonly open: (url: string) => Promise<void>;
}

/** Client options that all services share. */
export type AwsOptions = Pick<
  SSMClientConfig,
  'region' | 'endpoint' | 'credentials' | 'maxAttempts' | 'requestHandler'
>;

interface AskOptions {
  /** True: the input is not echoed. */
  readonly hidden?: boolean;
  /** Returns true if the text is complete; until then, the prompt waits a little longer for further lines. */
  readonly isWhole?: (text: string) => boolean;
}

export interface Person {
  /** Reads one line; with `isWhole` a paste, which may have several lines. */
  ask(question: string, options?: AskOptions): Promise<string>;
  /** True for yes; any other answer is no. */
  confirm(question: string): Promise<boolean>;
}

/** Functions that the program gives to each command. */
export interface Session {
  readonly io: Io;
  /** Masks the value in every later error message. */
  readonly hide: (secret: string) => void;
  /** Sets the exit code of a command that ends without an error; default 0. */
  readonly exitWith: (code: number) => void;
  /** Prints an error but lets the command continue; the exit code becomes this error's. */
  readonly failed: (error: Error) => void;
}

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

interface PasteOptions {
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
