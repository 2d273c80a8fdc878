import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { assetBytes, zipOf } from '../../../sandbox/pulumi/resources/zip.ts';

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const asset = (text: string) => ({ [SIGNATURE]: 'c44067f5952c0a294b673a41bacd8c17', text });
const archive = (assets: Readonly<Record<string, unknown>>) => ({
  [SIGNATURE]: '0def7320c3a5731c473e5ecbe6d01bc7',
  assets,
});
const UNPACK = `
import io, json, sys, zipfile
z = zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()))
assert z.testzip() is None
print(json.dumps({i.filename: [z.read(i).decode(), oct(i.external_attr >> 16), i.date_time[0]] for i in z.infolist()}))
`;

describe('zipOf', () => {
  test('creates an archive that another ZIP reader accepts, with checksums and file modes', () => {
    const zip = zipOf(archive({ 'index.mjs': asset('export const a = "₹";'), b: asset('') }));
    const seen: unknown = JSON.parse(
      execFileSync('python3', ['-c', UNPACK], { input: zip }).toString(),
    );
    expect(seen).toEqual({
      b: ['', '0o100644', 1990],
      'index.mjs': ['export const a = "₹";', '0o100644', 1990],
    });
  });

  test('returns the same bytes for the same files in any order', () => {
    const [a, b] = [asset('1'), asset('2')];
    expect(zipOf(archive({ a, b })).equals(zipOf(archive({ b, a })))).toBe(true);
  });

  test('throws for an entry that is not a file, and names a nested archive', () => {
    expect(() => zipOf(archive({ nested: archive({}) }))).toThrow('nested');
    expect(() => assetBytes({ uri: 'https://example.com' })).toThrow('text and of files');
  });
});
