// The functions' zips: what Lambda fetches for a cold start. The SDK that its runtimes bring is not in them.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type BundleOptions, REFRESH, bundle } from '../infra/bundle.ts';
import type { Measure } from './measure.ts';
import { type Reference, packedBytes } from './reference-package.ts';

const SMALL = { atMost: 200 * 1024 };
const WATCH = { ...REFRESH, entry: 'functions/watch/handler.ts' };
const LOGIN = { ...REFRESH, entry: 'functions/login/handler.ts' };

/** @param dir where the archives go */
export async function zipMeasures(reference: Reference, dir: string): Promise<readonly Measure[]> {
  const bytes = async (options: BundleOptions): Promise<number> => {
    const file = path.join(dir, 'index.mjs');
    await writeFile(file, await bundle(options));
    return packedBytes(reference.python, path.join(dir, 'ours.zip'), file);
  };
  const row = (what: string, ours: number, beside: number | null, aim: Measure['aim']) => ({
    what,
    unit: 'bytes' as const,
    ours,
    beside,
    aim,
  });
  const withSdk = { ...REFRESH, external: [] };
  return [
    row('refresh function, zipped', await bytes(REFRESH), reference.archiveBytes, SMALL),
    row('… with the SDK that Lambda brings', await bytes(withSdk), reference.withSdkBytes, null),
    row('watch function, zipped', await bytes(WATCH), null, SMALL),
    row('login function, zipped', await bytes(LOGIN), null, SMALL),
  ];
}
