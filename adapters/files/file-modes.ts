// Finds files of the operator's folder that others than their owner may read, and a folder that anyone may change.
import { statSync } from 'node:fs';
import path from 'node:path';
import { OPERATOR_FILES } from '../../core/names.ts';
import { STATE_FILE } from './token-folder.ts';

const GROUP_OR_OTHERS = 0o077;
const OTHERS_WRITE = 0o002;

export interface LooseModes {
  /** Files with any permission for group or others. */
  readonly files: readonly string[];
  /** Whether anyone may put another file in the place of these. */
  readonly isFolderOpen: boolean;
}

/** Files that hold a secret, whether they are there or not. Never throws. */
export function looseModes(folder: string): LooseModes {
  const names = [
    OPERATOR_FILES.env,
    ...OPERATOR_FILES.accessToken,
    ...OPERATOR_FILES.refreshToken,
    STATE_FILE,
  ];
  const files = names.map((name) => path.join(folder, name));
  return {
    files: files.filter((file) => hasBits(file, GROUP_OR_OTHERS)),
    isFolderOpen: hasBits(folder, OTHERS_WRITE),
  };
}

function hasBits(place: string, bits: number): boolean {
  try {
    return (statSync(place).mode & bits) !== 0;
  } catch {
    return false;
  }
}
