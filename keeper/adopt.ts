// Adopts tokens from the operator's files if they are newer than the stored ones and proven live. Mints nothing.
import { keeperFailure } from '../core/token/messages.ts';
import {
  type AdoptedToken,
  type Adoption,
  describeAdoption,
  chooseAccessToken,
  chooseRefreshToken,
} from '../core/token/adopt.ts';
import { type Viewpoint, checkMinted } from '../core/token/jwt.ts';
import { UNPROVEN } from '../core/token/decide.ts';
import { runStarted, tokenConsidered } from '../core/token/log.ts';
import { withAccount } from '../core/token/state.ts';
import type { KeeperPorts, KeeperSettings } from './ports.ts';
import { publish, retrying, bestEffort } from './publish.ts';
import { type Memory, readAppId, readMemory, writeState } from './read.ts';

export interface Offer {
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
}

/** Fingerprints only. */
export interface AdoptionReport {
  readonly accessToken: AdoptedToken;
  readonly refreshToken: AdoptedToken;
}

/** @throws FyersError if the store fails or the broker cannot be reached to prove a newer token */
export async function adopt(
  ports: KeeperPorts,
  settings: KeeperSettings,
  offer: Offer,
  signal: AbortSignal,
): Promise<AdoptionReport> {
  ports.events.log(runStarted('adopt'));
  const memory = await readMemory(ports, settings);
  const adopting = { ports, settings, memory, signal };
  // Sequential: the first published token determines the account.
  const accessToken = await adoptAccessToken(adopting, offer.accessToken);
  const refreshToken = await adoptRefreshToken(adopting, offer.refreshToken, accessToken.account);
  const report = {
    accessToken: describeAdoption(offer.accessToken, accessToken.did),
    refreshToken: describeAdoption(offer.refreshToken, refreshToken),
  };
  ports.events.log(tokenConsidered('access', report.accessToken));
  ports.events.log(tokenConsidered('refresh', report.refreshToken));
  return report;
}

interface Adopting {
  readonly ports: KeeperPorts;
  readonly settings: KeeperSettings;
  readonly memory: Memory;
  readonly signal: AbortSignal;
}

async function adoptAccessToken(
  { ports, settings, memory, signal }: Adopting,
  offered: string | null,
): Promise<{ readonly did: Adoption; readonly account: string | null }> {
  const { account, state } = memory;
  const view: Viewpoint = { account, now: ports.clock.now() };
  const stored = await ports.store.read('FYERS_ACCESS_TOKEN');
  const candidate = chooseAccessToken(offered, stored, view);
  if (candidate.kind === 'left') return { did: candidate.did, account };
  const { token } = candidate;
  const app = await readAppId(ports, settings);
  const proof = await retrying(ports, view.now, signal, () =>
    ports.broker.prove(app, token, signal, settings.proof),
  );
  if (proof.kind === 'dead') return { did: 'dead', account };
  if (proof.kind !== 'live') throw keeperFailure(UNPROVEN[proof.kind], proof.detail);
  if (checkMinted(token, proof, view) !== 'live') return { did: 'foreign', account };
  await publish(ports, token);
  const fyId = proof.fyId ?? candidate.claims.fyId;
  if (state.fyId === null && fyId !== null) {
    await bestEffort(ports, 'Saving the account', () =>
      writeState(ports, withAccount(state, fyId)),
    );
  }
  return { did: 'published', account: account ?? fyId };
}

async function adoptRefreshToken(
  { ports }: Adopting,
  offered: string | null,
  account: string | null,
): Promise<Adoption> {
  const stored = await ports.store.read('FYERS_REFRESH_TOKEN');
  const view: Viewpoint = { account, now: ports.clock.now() };
  const candidate = chooseRefreshToken(offered, stored, view);
  if (candidate.kind === 'left') return candidate.did;
  await ports.store.write('FYERS_REFRESH_TOKEN', candidate.token);
  return 'stored';
}
