import { cp, mkdir, symlink } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../../sandbox/stand-ins.ts';

/** The program and what it bundles. */
const PARTS = 'adapters core functions harvester infra keeper Pulumi.yaml package.json'.split(' ');
const COPY = { recursive: true, filter: (file: string) => !file.includes('node_modules') };

/** A copy of the program in a new folder, for a test that edits it. */
export async function copyProgram(folder: string): Promise<void> {
  await mkdir(folder);
  for (const part of PARTS) await cp(path.join(ROOT, part), path.join(folder, part), COPY);
  await symlink(path.join(ROOT, 'node_modules'), path.join(folder, 'node_modules'));
}
