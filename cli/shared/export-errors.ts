// Makes the errors that both forms of `./fyers export` have: rows in one file, and the Tardis files
// of a folder.
import { FyersError } from '../../core/errors.ts';

/** @param problem a full sentence */
export function exportUsageError(problem: string): FyersError {
  return new FyersError('operator.usage', problem, 'See `./fyers export --help`.');
}

export function fileExistsError(file: string): FyersError {
  return new FyersError(
    'operator.usage',
    `${file} already exists. Nothing was written.`,
    'Name another place with --to, or replace what is there: `./fyers export --to PLACE --force`.',
  );
}

/** @param place the file, or the folder of the Tardis files */
export function notWritableError(place: string, cause: Error): FyersError {
  return new FyersError(
    'platform.disk',
    `${place} cannot be written: ${cause.message}.`,
    'Name a place where you may write, on a disk with space: `./fyers export --to PLACE`.',
    { cause },
  );
}
