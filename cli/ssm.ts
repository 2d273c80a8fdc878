// `npx fyers ssm`: the parameters in AWS SSM Parameter Store, one command for each thing to do with them.
import type { Command } from 'commander';
import { REGION } from '../core/names.ts';
import type { Session } from './io.ts';
import { addDelete } from './ssm/delete.ts';
import { addGet, addList } from './ssm/look.ts';
import { addSet } from './ssm/set.ts';

export function addSsm(program: Command, session: Session): void {
  const ssm = program
    .command('ssm')
    .description('What stands in AWS SSM Parameter Store: list, get, set, delete.')
    .helpCommand(false)
    .addHelpText(
      'after',
      `
Works with your own AWS identity (\`aws configure\`), in ${REGION}, one call for each name. --suffix wins over
FYERS_SUFFIX in .env.`,
    );
  addList(ssm, session);
  addGet(ssm, session);
  addSet(ssm, session);
  addDelete(ssm, session);
}
