// Implements a read-only token store on the operator's folder: `.env` and the token files, read
// again at every call.
import { FyersError } from '../../core/errors.ts';
import type { TokenStore } from '../../core/ports.ts';
import { readEnvFile, readTokenFiles } from './env-and-token-files.ts';

export interface TokenFileOptions {
  readonly folder: string;
  /** Called with every token that is read, so that a log can mask it. */
  readonly onSecret: (value: string) => void;
}

/** Errors: `operator.token-file` for a file that cannot be read or is malformed. */
export function tokenFiles({ folder, onSecret }: TokenFileOptions): TokenStore {
  return {
    read(name) {
      return Promise.resolve().then(() => {
        const { values, problems } = readEnvFile(folder);
        if (name !== 'FYERS_ACCESS_TOKEN') {
          // An error in another line of `.env` does not stop a recording.
          const value = values[name]?.trim() ?? '';
          if (value === '') throwIfProblems(problems);
          return value === '' ? null : value;
        }
        const tokens = readTokenFiles(folder, values['FYERS_CLIENT_ID'] ?? null);
        if (tokens.accessToken === null) throwIfProblems(tokens.problems);
        if (tokens.accessToken !== null) onSecret(tokens.accessToken);
        return tokens.accessToken;
      });
    },
    write(name) {
      return Promise.reject(
        new FyersError(
          'platform.store',
          `${name} is not written to the operator's folder.`,
          'Run `npx --no-install fyers login`, which writes the token files.',
        ),
      );
    },
  };
}

function throwIfProblems(problems: readonly string[]): void {
  if (problems.length === 0) return;
  throw new FyersError(
    'operator.token-file',
    problems.join(' '),
    'Then the file is read again; `npx --no-install fyers tokens` checks it.',
  );
}
