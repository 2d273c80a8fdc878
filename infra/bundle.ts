// The code that is deployed: each entry and all it imports as one file, the same bytes for the same sources.
import path from 'node:path';
import { RunError } from '@pulumi/pulumi';
import { build } from 'esbuild';
import { toError } from '../core/errors.ts';
import type { FunctionActor } from '../core/names.ts';

const ROOT = path.join(import.meta.dirname, '..');

/** Packages written for CommonJS call `require`, which a module does not have by itself. */
const REQUIRE =
  "import{createRequire as fyersRequire}from'node:module';const require=fyersRequire(import.meta.url);";

export interface BundleOptions {
  /** Relative to the project's folder, or absolute. */
  readonly entry: string;
  /** Packages that the place where it runs provides. */
  readonly external: readonly string[];
}

/** The functions; Lambda's Node runtimes carry the SDK. */
export const REFRESH = ofFunction('refresh');
export const LOGIN = ofFunction('login');
export const WATCH = ofFunction('watch');
/** The harvester, which a bare Node runs. */
export const HARVESTER: BundleOptions = { entry: 'harvester/main.ts', external: [] };

function ofFunction(actor: FunctionActor): BundleOptions {
  return { entry: `functions/${actor}/handler.ts`, external: ['@aws-sdk/*'] };
}

/** What is deployed. */
export type Code = Readonly<Record<FunctionActor | 'harvester', string>>;

/** @param make makes one file of an entry; a caller that runs the program often may keep what it made */
export async function bundles(make = bundle): Promise<Code> {
  const [refresh, login, watch, harvester] = await Promise.all([
    make(REFRESH),
    make(LOGIN),
    make(WATCH),
    make(HARVESTER),
  ]);
  return { refresh, login, watch, harvester };
}

/** @throws RunError with the place of the first mistake in the sources. */
export async function bundle({ entry, external }: BundleOptions): Promise<string> {
  try {
    const { outputFiles } = await build({
      // Paths in the output are relative to it, so that every checkout gives the same bytes.
      absWorkingDir: ROOT,
      entryPoints: [entry],
      external: [...external],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'node',
      target: 'node24',
      banner: { js: REQUIRE },
      legalComments: 'none',
      logLevel: 'silent',
      write: false,
      outfile: 'index.mjs',
    });
    return outputFiles.map(({ text }) => text).join('');
  } catch (caught) {
    throw new RunError(
      `${entry} cannot be bundled: ${toError(caught).message} Run \`npm ci\`, then \`npm run check\`.`,
    );
  }
}
