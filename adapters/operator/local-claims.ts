// Stores claims on a token mint as create-once files in the operator's folder. Claims contain no
// secrets. `FYERS_TOKEN_CLAIM_2026-11-25_1` is `.fyers-token-claim-2026-11-25-1`, a name that git
// ignores.
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { FyersError, toError } from '../../core/errors.ts';
import type { ClaimStore } from '../../core/ports.ts';
import { formatUtc, instant } from '../../core/time.ts';

/** Errors: `platform.disk`. */
export function claimFiles(folder: string): ClaimStore {
  const fileOf = (claim: string) =>
    path.join(folder, `.${claim.toLowerCase().replaceAll('_', '-')}`);
  return {
    async take(claim, value) {
      try {
        await writeFile(fileOf(claim), value, { flag: 'wx', mode: 0o600 });
        return true;
      } catch (caught) {
        if (isError(caught, 'EEXIST')) return false;
        throw claimError(fileOf(claim), caught);
      }
    },
    async read(claim) {
      try {
        const text = await readFile(fileOf(claim), 'utf8');
        // Empty while its holder writes it, and permanently if the holder died. The file's own time
        // is good enough.
        return text === ''
          ? formatUtc(instant(Math.floor((await stat(fileOf(claim))).mtimeMs)))
          : text;
      } catch (caught) {
        if (isError(caught, 'ENOENT')) return null;
        throw claimError(fileOf(claim), caught);
      }
    },
    async remove(claim) {
      await rm(fileOf(claim), { force: true });
    },
  };
}

function isError(caught: unknown, code: string): boolean {
  return Reflect.get(toError(caught), 'code') === code;
}

function claimError(file: string, caught: unknown): FyersError {
  return new FyersError(
    'platform.disk',
    `The claim ${file} failed: ${toError(caught).message}.`,
    `Check the folder with \`ls -la ${path.dirname(file)}\`, or name another one with --dir.`,
  );
}
