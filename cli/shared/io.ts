// What a command has of the world, so that tests can give it another one.
import type { SSMClientConfig } from '@aws-sdk/client-ssm';
import type { Clock } from '../../core/ports.ts';
import type { Terminal } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Io extends Terminal {
  /** The folder that the command was started in. */
  readonly cwd: string;
  readonly env: Environment;
  readonly clock: Clock;
  /** For every AWS client, whose package a command loads only when it needs it: `new SSMClient(io.aws)`. */
  readonly aws: AwsOptions;
  /** The person at the terminal; null where nobody is (a pipe, a script). */
  readonly person: Person | null;
  /** All of standard input, for a value that is piped in. */
  readonly piped: () => Promise<string>;
  /** Opens a page in the person's browser; resolves when it was handed over. */
  readonly open: (url: string) => Promise<void>;
}

/** What the clients of all services have in common. */
export type AwsOptions = Pick<
  SSMClientConfig,
  'region' | 'endpoint' | 'credentials' | 'maxAttempts' | 'requestHandler'
>;

export interface AskOptions {
  /** What is typed does not appear. */
  readonly hidden?: boolean;
  /** Whether a text is what was asked for; until it is, further lines are waited for a little longer. */
  readonly isWhole?: (text: string) => boolean;
}

export interface Person {
  /** One line; with `isWhole` what was pasted, which may be several. */
  ask(question: string, options?: AskOptions): Promise<string>;
  /** True for yes; anything else is no. */
  confirm(question: string): Promise<boolean>;
}

/** What the program gives to each command. */
export interface Session {
  readonly io: Io;
  /** From now on the value is blanked in every error. */
  readonly hide: (secret: string) => void;
  /** The exit code of a command that ends without an error; 0 when none is given. */
  readonly exitWith: (code: number) => void;
  /** Says what went wrong as at a command's end, in a command that goes on; its exit code is then this error's. */
  readonly failed: (error: Error) => void;
}
