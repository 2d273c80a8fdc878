import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../sandbox/stand-ins.ts';

/** The program and what it bundles. */
const PARTS =
  'adapters core functions harvester infra keeper Pulumi.yaml package.json package-lock.json .npmrc'.split(
    ' ',
  );
const COPY = { recursive: true, filter: (file: string) => !file.includes('node_modules') };

/** Copies the program to a new folder, for a test that edits it. It gets the packages that an operator needs, no others. */
export async function copyProgram(folder: string): Promise<void> {
  await mkdir(folder);
  for (const part of PARTS) await cp(path.join(ROOT, part), path.join(folder, part), COPY);
  await promisify(execFile)('npm', ['ci', '--omit=dev'], { cwd: folder });
}
