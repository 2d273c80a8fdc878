// Measures the functions' zips, which Lambda fetches for a cold start, with the SDK clients that
// they use.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { bundleCode } from '../infra/bundle.ts';
import type { FunctionActor } from '../core/config/names.ts';
import type { Measure } from './measure.ts';
import { type Reference, packedBytes } from './reference-package.ts';

const SMALL = { atMost: 250_000 };

/** @param dir folder for the archives */
export async function zipMeasures(reference: Reference, dir: string): Promise<readonly Measure[]> {
  const { functions } = await bundleCode();
  const row = async (actor: FunctionActor, baseline: number | null): Promise<Measure> => {
    const files = Object.entries(functions[actor]).map(
      ([name, text]) => [path.join(dir, name), text] as const,
    );
    for (const [file, text] of files) await writeFile(file, text);
    const archive = path.join(dir, 'ours.zip');
    const ours = packedBytes(
      reference.python,
      archive,
      files.map(([file]) => file),
    );
    return { what: `${actor} function, zipped`, unit: 'bytes', ours, baseline, aim: SMALL };
  };
  return [
    await row('refresh', reference.archiveBytes),
    await row('watch', null),
    await row('login', null),
  ];
}
