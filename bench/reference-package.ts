// Builds the reference implementation's deployment packages: real archives, made in a private
// Python environment.
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import path from 'node:path';
import { ensureVenv } from '../sandbox/aws/venv.ts';

const SOURCES = path.join(import.meta.dirname, 'reference-refresh');
/** Packages that pip installs for `requests`. */
const REQUESTS = [
  'requests==2.34.2',
  'certifi==2026.7.22',
  'charset-normalizer==3.5.3',
  'idna==3.20',
  'urllib3==2.8.0',
];
/**
 * Further packages that pip installs for `boto3`. Lambda's Python runtime includes them, as its
 * Node runtime includes our SDK.
 */
const BOTO3 = [
  'boto3==1.44.8',
  'botocore==1.44.8',
  'jmespath==1.1.0',
  'python-dateutil==2.9.0.post0',
  's3transfer==0.19.3',
  'six==1.17.0',
];

export interface Reference {
  readonly python: string;
  /** Imports the handler of a folder and invokes it. */
  readonly runner: string;
  /** The module with the handler. */
  readonly module: string;
  /** The archive as the guide's script uploads it. */
  readonly archive: string;
  readonly archiveBytes: number;
}

/**
 * @param dir folder for the archives
 * @throws FyersError `operator.prerequisite` without Python 3.10+ or PyPI
 */
export async function packReference(dir: string): Promise<Reference> {
  const { python } = await ensureVenv('reference-refresh', [...REQUESTS, ...BOTO3]);
  const handler = path.join(SOURCES, 'refresh_token.py');
  const archive = path.join(dir, 'reference.zip');
  return {
    python,
    runner: path.join(SOURCES, 'invoke.py'),
    module: 'refresh_token',
    archive,
    archiveBytes: packedBytes(python, archive, [handler], REQUESTS),
  };
}

/**
 * Zips files with their pip packages.
 *
 * @param requirements each `name==version`
 */
export function packedBytes(
  python: string,
  archive: string,
  files: readonly string[],
  requirements: readonly string[] = [],
): number {
  const distributions = requirements.map((requirement) => requirement.split('==')[0] ?? '');
  execFileSync(python, [path.join(SOURCES, 'pack.py'), archive, files.join(','), ...distributions]);
  return statSync(archive).size;
}

/** Unpacks an archive, as Lambda does before the function starts. */
export function unpackReference({ python, archive }: Reference, folder: string): void {
  execFileSync(python, ['-m', 'zipfile', '-e', archive, folder]);
}
