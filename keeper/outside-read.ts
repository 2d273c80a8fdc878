// Tells the operator that somebody else read a secret of this stack.
import { outsideReadSeen } from '../core/token/events.ts';
import { type OutsideRead, outsideReadMessage } from '../core/token/outside-read.ts';
import type { KeeperPorts } from './ports.ts';

/** For the function's answer. */
export interface Told {
  readonly kind: 'told';
  readonly who: string;
}

/** @throws FyersError as the channels do: what nobody was told must ring */
export async function tellOfRead(
  ports: Pick<KeeperPorts, 'notifier' | 'events'>,
  read: OutsideRead,
): Promise<Told> {
  ports.events.emit(outsideReadSeen(read));
  await ports.notifier.send(outsideReadMessage(read));
  return { kind: 'told', who: read.who };
}
