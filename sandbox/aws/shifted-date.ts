// Shifts `Date` inside the emulator's functions: Node loads this module before the function's own code.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Instant } from '../../core/time.ts';

/**
 * Writes the module into `dir` and returns the `NODE_OPTIONS` that load it. Time starts at `startsAt` for the first
 * process that loads the module and then flows, also for later processes.
 */
export async function writeShiftedDate(dir: string, startsAt: Instant): Promise<string> {
  const file = path.join(dir, 'shifted-date.mjs');
  await writeFile(file, moduleText(path.join(dir, 'shifted-date.offset'), startsAt));
  return `--import=${pathToFileURL(file).href}`;
}

function moduleText(offsetFile: string, startsAt: Instant): string {
  return `
import { readFileSync, writeFileSync } from 'node:fs';
const RealDate = Date;
const file = ${JSON.stringify(offsetFile)};
try {
  writeFileSync(file, String(${String(startsAt)} - RealDate.now()), { flag: 'wx' });
} catch {
  // An earlier process has already written the offset.
}
const offset = Number(readFileSync(file, 'utf8'));
const now = () => RealDate.now() + offset;
globalThis.Date = new Proxy(RealDate, {
  apply: () => new RealDate(now()).toString(),
  construct: (target, args, made) => Reflect.construct(target, args.length > 0 ? args : [now()], made),
  get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
});
`;
}
