// Makes the code that is deployed: the three functions by one esbuild call that shares nothing between runs, and the
// harvester as one file. The same sources give the same bytes in every checkout, so an unchanged project deploys nothing.
//
// esbuild takes longer than the rest of the program, so each result is cached under node_modules/.cache together with
// the digest of every file that went into it. A cached result is used only if all of these files, the lock file and the
// options are still the same.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { RunError } from '@pulumi/pulumi';
import { toError } from '../core/errors.ts';
import type { FunctionActor } from '../core/config/names.ts';

const ROOT = path.join(import.meta.dirname, '..');
const CACHE = path.join(ROOT, 'node_modules', '.cache', 'fyers', 'bundles');

/** Packages written for CommonJS call `require`, which a module does not have by itself. */
const REQUIRE =
  "import{createRequire as fyersRequire}from'node:module';const require=fyersRequire(import.meta.url);";

/**
 * How the SDK finds credentials outside Lambda. It imports these only if the environment has none, and Lambda's always
 * has; if they are imported all the same, the SDK that Lambda's Node runtimes carry provides them.
 */
const CREDENTIALS_OUTSIDE_LAMBDA = [
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

export interface BundleOptions {
  /** The name of each output without `.mjs`, and its entry: relative to the project's folder, or absolute. */
  readonly entries: Readonly<Record<string, string>>;
  /** Packages that are not bundled. */
  readonly external: readonly string[];
  /** True: what is imported by `import()` becomes a file of its own, which is read only when it is needed. */
  readonly isSplit: boolean;
}

/** Text by file name. */
export type Files = Readonly<Record<string, string>>;

export interface Code {
  /** A function's handler is `handler` of the file with the function's name. */
  readonly functions: Readonly<Record<FunctionActor, Files>>;
  /** A bare Node runs it. */
  readonly harvester: string;
}

const FUNCTIONS: BundleOptions = {
  entries: {
    refresh: 'functions/refresh/handler.ts',
    login: 'functions/login/handler.ts',
    watch: 'functions/watch/handler.ts',
  },
  external: CREDENTIALS_OUTSIDE_LAMBDA,
  isSplit: true,
};
const HARVESTER: BundleOptions = {
  entries: { harvester: 'harvester/main.ts' },
  external: [],
  isSplit: false,
};

/** @throws RunError with the place of the first mistake in the sources */
export async function bundleCode(cacheFolder = CACHE): Promise<Code> {
  const [functions, harvester] = await Promise.all([
    bundleCached(FUNCTIONS, cacheFolder),
    bundleCached(HARVESTER, cacheFolder),
  ]);
  return {
    functions: {
      refresh: selectFiles(functions, 'refresh.mjs'),
      login: selectFiles(functions, 'login.mjs'),
      watch: selectFiles(functions, 'watch.mjs'),
    },
    harvester: harvester.files['harvester.mjs'] ?? '',
  };
}

export interface Bundle {
  readonly files: Files;
  /** By output: the other outputs that it imports, at once or later. */
  readonly imports: Readonly<Record<string, readonly string[]>>;
  /** Digest of each source, by its path relative to the project's folder. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The file and all that it imports. */
function selectFiles({ files, imports }: Bundle, entry: string): Files {
  const wanted = new Set<string>([entry]);
  for (const file of wanted) for (const target of imports[file] ?? []) wanted.add(target);
  return Object.fromEntries(
    [...wanted].toSorted().map((file) => [file, files[file] ?? ''] as const),
  );
}

async function bundleCached(options: BundleOptions, folder: string): Promise<Bundle> {
  const key = digestOf(JSON.stringify(options) + digestOfFile('package-lock.json')).slice(0, 16);
  const file = path.join(folder, `bundle-${key}.json`);
  const cached = readCache(file);
  if (cached !== null && isCurrent(cached)) return cached;
  const made = await bundle(options);
  writeCache(file, made);
  return made;
}

/** Null if there is none, or it cannot be read: it is then made again. */
function readCache(file: string): Bundle | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Bundle;
  } catch {
    return null;
  }
}

function isCurrent({ sources }: Bundle): boolean {
  return Object.entries(sources).every(([file, digest]) => digestOfFile(file) === digest);
}

/** Whole or not at all. Without a cache (a read-only project, a full disk) the next run bundles again. */
function writeCache(file: string, made: Bundle): void {
  const unfinished = `${file}.${String(process.pid)}`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(unfinished, JSON.stringify(made));
    renameSync(unfinished, file);
  } catch {
    // Only the time of the next run is lost.
  }
}

/** @throws RunError with the place of the first mistake in the sources */
export async function bundle({ entries, external, isSplit }: BundleOptions): Promise<Bundle> {
  try {
    // Loaded when it is needed: with a cached bundle it is not.
    const { build } = await import('esbuild');
    const { outputFiles, metafile } = await build({
      // Paths in the output are relative to it, so that every checkout gives the same bytes.
      absWorkingDir: ROOT,
      entryPoints: { ...entries },
      external: [...external],
      bundle: true,
      minify: true,
      format: 'esm',
      splitting: isSplit,
      platform: 'node',
      // If a package offers both, its module: what is not used of a module is left out.
      mainFields: ['module', 'main'],
      target: 'node24',
      banner: { js: REQUIRE },
      legalComments: 'none',
      logLevel: 'silent',
      metafile: true,
      write: false,
      outdir: 'out',
      outExtension: { '.js': '.mjs' },
    });
    const outputs = Object.entries(metafile.outputs);
    return {
      files: Object.fromEntries(outputFiles.map((file) => [path.basename(file.path), file.text])),
      imports: Object.fromEntries(
        outputs.map(([file, { imports }]) => [
          path.basename(file),
          imports.filter((each) => each.external !== true).map((each) => path.basename(each.path)),
        ]),
      ),
      sources: Object.fromEntries(
        Object.keys(metafile.inputs).map((file) => [file, digestOfFile(file)]),
      ),
    };
  } catch (caught) {
    const names = Object.values(entries).join(', ');
    throw new RunError(
      `${names} cannot be bundled: ${toError(caught).message} Run \`npm ci\`, then \`npm run check\`.`,
    );
  }
}

/** @param file relative to the project's folder; an absent file has a digest of its own */
function digestOfFile(file: string): string {
  try {
    return digestOf(readFileSync(path.resolve(ROOT, file)));
  } catch {
    return 'absent';
  }
}

function digestOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
