// A compacted day to the bucket: write-once, the manifest last. Shipping again finds everything there.
import { OBJECTS } from '../core/names.ts';
import type { ObjectStore } from '../core/ports.ts';
import type { IstDate } from '../core/time.ts';
import type { DayFolder } from './ports.ts';

export interface ShipOptions {
  readonly folder: DayFolder;
  readonly objects: ObjectStore;
  readonly date: IstDate;
  readonly shard: number;
}

/**
 * conflict: the bucket holds another file under one of the names, and keeps it.
 * @throws as the object store does; what was stored before stays and is found again
 */
export async function shipDay(options: ShipOptions): Promise<'shipped' | 'conflict'> {
  const { folder, objects, date, shard } = options;
  const manifest = await folder.manifest();
  if (manifest === null) return 'conflict';
  for (const file of [...manifest.files, await folder.manifestFacts()]) {
    const key = OBJECTS.dayFile(date, String(shard), file.name);
    const outcome = await objects.putOnce(key, folder.pathOf(file.name), file.sha256);
    if (outcome === 'different') {
      await folder.markShipped('conflict');
      return 'conflict';
    }
  }
  await folder.markShipped('shipped');
  return 'shipped';
}
