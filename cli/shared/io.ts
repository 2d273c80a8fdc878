// Defines a command's access to the outside world, so that tests can replace it.
import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import type { Clock } from '../../core/ports.ts';
import type { Terminal } from './terminal.ts';

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

export interface AskOptions {
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
