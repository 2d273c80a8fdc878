// Writes a small, deterministic ZIP archive (PKWARE APPNOTE 4.3), as the real provider does from an asset archive.
import { readFileSync } from 'node:fs';
import { crc32, deflateRawSync } from 'node:zlib';
import { isAsset, isProps, type Props } from '../values.ts';

/** 1 January 1990, the date that Pulumi gives the files of an archive (sdk/go/common/resource/archive/archive.go). */
const DATE = ((1990 - 1980) << 9) | (1 << 5) | 1;
const DEFLATED = 8;
const VERSION = 20;

/** The bytes of an asset in the engine's form. */
export function assetBytes(asset: Props): Buffer {
  if (typeof asset['text'] === 'string') return Buffer.from(asset['text']);
  if (typeof asset['path'] === 'string') return readFileSync(asset['path']);
  throw new Error('the sandbox reads assets of text and of files only');
}

/** The archive in the engine's form (a map of assets) as a ZIP file. */
export function zipOf(archive: Props): Buffer {
  const assets = archive['assets'];
  if (!isProps(assets)) throw new Error('the sandbox reads archives of assets only');
  const entries = Object.entries(assets).sort(([a], [b]) => (a < b ? -1 : 1));
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [name, asset] of entries) {
    if (!isAsset(asset)) throw new Error(`the sandbox cannot read ${name} in an archive`);
    const entry = zipEntry(name, assetBytes(asset), offset);
    locals.push(entry.local);
    central.push(entry.central);
    offset += entry.local.length;
  }
  return Buffer.concat([...locals, ...central, endOf(central, offset)]);
}

function zipEntry(
  name: string,
  bytes: Buffer,
  offset: number,
): { readonly local: Buffer; readonly central: Buffer } {
  const packed = deflateRawSync(bytes, { level: 9 });
  const path = Buffer.from(name);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(VERSION, 0);
  common.writeUInt16LE(DEFLATED, 4);
  common.writeUInt16LE(DATE, 8);
  common.writeUInt32LE(crc32(bytes), 10);
  common.writeUInt32LE(packed.length, 14);
  common.writeUInt32LE(bytes.length, 18);
  common.writeUInt16LE(path.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, path, packed]);
  const tail = Buffer.alloc(14);
  // A regular file that its owner and others may read, as Lambda needs.
  tail.writeUInt32LE((0o100644 << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  const made = Buffer.from([VERSION, 3]);
  return {
    local,
    central: Buffer.concat([Buffer.from('PK\x01\x02'), made, common, tail, path]),
  };
}

function endOf(central: readonly Buffer[], offset: number): Buffer {
  const end = Buffer.alloc(18);
  const size = central.reduce((sum, entry) => sum + entry.length, 0);
  end.writeUInt16LE(central.length, 4);
  end.writeUInt16LE(central.length, 6);
  end.writeUInt32LE(size, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([Buffer.from('PK\x05\x06'), end]);
}
