import type { Mutation } from '../tree.ts';
import { HARVESTER } from './harvester.ts';
import { KEEPER } from './keeper.ts';
import { LOGIN } from './login.ts';
import { LOOP } from './loop.ts';
import { MARKET } from './market.ts';
import { OPTIONAL } from './options.ts';
import { PROGRAM } from './program.ts';
import { SANDBOX } from './sandbox.ts';
import { SHAPE } from './shape.ts';
import { STREAM } from './stream.ts';
import { TOOLING } from './tools.ts';

export const MUTATIONS: readonly Mutation[] = [
  ...SHAPE,
  ...MARKET,
  ...KEEPER,
  ...LOGIN,
  ...HARVESTER,
  ...LOOP,
  ...STREAM,
  ...TOOLING,
  ...PROGRAM,
  ...OPTIONAL,
  ...SANDBOX,
];
