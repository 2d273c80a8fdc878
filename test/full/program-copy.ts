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

/** Copies the program without its packages to a new folder, for a test that edits it. */
export async function copySources(folder: string): Promise<void> {
  await mkdir(folder);
  for (const part of PARTS) await cp(path.join(ROOT, part), path.join(folder, part), COPY);
}

/** As {@link copySources}, with the packages that an operator needs, and no others. */
export async function copyProgram(folder: string): Promise<void> {
  await copySources(folder);
  await promisify(execFile)('npm', ['ci', '--omit=dev'], { cwd: folder });
}
