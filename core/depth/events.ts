import type { EventBase } from '../events.ts';

export type HarvesterEvent = EventBase & { readonly part: 'harvester' };
