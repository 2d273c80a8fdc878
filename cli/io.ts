// What a command has of the world, so that tests can give it another one.
import type { SSMClient } from '@aws-sdk/client-ssm';
import type { Clock } from '../core/ports.ts';
import type { Terminal } from './terminal.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Io extends Terminal {
  /** The folder that the command was started in. */
  readonly cwd: string;
  readonly env: Environment;
  readonly clock: Clock;
  /** Loaded and made only when a command needs AWS. */
  readonly ssm: () => Promise<SSMClient>;
}

/** What the program gives to each command. */
export interface Session {
  readonly io: Io;
  /** From now on the value is blanked in every error. */
  readonly hide: (secret: string) => void;
  /** The exit code of a command that ends without an error; 0 when none is given. */
  readonly exitWith: (code: number) => void;
}
