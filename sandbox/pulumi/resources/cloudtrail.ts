import {
  CreateTrailCommand,
  DeleteTrailCommand,
  GetTrailCommand,
  PutEventSelectorsCommand,
  ReadWriteType,
  StartLoggingCommand,
  UpdateTrailCommand,
} from '@aws-sdk/client-cloudtrail';
import * as z from 'zod/mini';
import { cloudtrail } from './clients.ts';
import { flag, given, resourceType, tags, texts, unlessGone, type ResourceType } from './type.ts';

const trailInputs = z.strictObject({
  name: z.string(),
  s3BucketName: z.string(),
  enableLogFileValidation: flag,
  includeGlobalServiceEvents: flag,
  eventSelectors: z.optional(
    z.array(
      z.strictObject({
        includeManagementEvents: flag,
        readWriteType: z.optional(z.enum(ReadWriteType)),
        excludeManagementEventSources: texts,
      }),
    ),
  ),
  tags,
});

type Inputs = z.output<typeof trailInputs>;

const trail = resourceType({
  inputs: trailInputs,
  autoname: 'name',
  // cloudtrail/trail.go: name ForceNew.
  replaceOn: ['name'],
  async create(inputs) {
    const answer = await cloudtrail.send(new CreateTrailCommand(settings(inputs)));
    const arn = given(answer.TrailARN, 'trail ARN');
    // cloudtrail/trail.go resourceTrailCreate: a new trail records nothing until it is started; selectors come after.
    await cloudtrail.send(new StartLoggingCommand({ Name: arn }));
    if (inputs.eventSelectors !== undefined) await select(arn, inputs);
    return { id: arn, outputs: { arn } };
  },
  async read(id) {
    const command = new GetTrailCommand({ Name: id });
    const answer = await unlessGone(cloudtrail.send(command), 'TrailNotFoundException');
    return answer === null ? null : { arn: answer.Trail?.TrailARN };
  },
  async update(id, inputs, changed) {
    if ([...changed].some((property) => property !== 'eventSelectors' && property !== 'tags')) {
      await cloudtrail.send(new UpdateTrailCommand({ ...settings(inputs), Name: id }));
    }
    if (changed.has('eventSelectors')) await select(id, inputs);
    return {};
  },
  async delete(id) {
    const command = new DeleteTrailCommand({ Name: id });
    await unlessGone(cloudtrail.send(command), 'TrailNotFoundException');
  },
});

function settings(inputs: Inputs) {
  return {
    Name: inputs.name,
    S3BucketName: inputs.s3BucketName,
    // cloudtrail/trail.go: defaults false and true.
    EnableLogFileValidation: inputs.enableLogFileValidation ?? false,
    IncludeGlobalServiceEvents: inputs.includeGlobalServiceEvents ?? true,
  };
}

/** cloudtrail/trail.go setEventSelectors: without any, the default is put back. */
async function select(TrailName: string, { eventSelectors = [{}] }: Inputs): Promise<void> {
  await cloudtrail.send(
    new PutEventSelectorsCommand({
      TrailName,
      EventSelectors: eventSelectors.map((selector) => ({
        IncludeManagementEvents: selector.includeManagementEvents ?? true,
        ReadWriteType: selector.readWriteType ?? ReadWriteType.All,
        ExcludeManagementEventSources: selector.excludeManagementEventSources,
        DataResources: [],
      })),
    }),
  );
}

export const CLOUDTRAIL_TYPES: Readonly<Record<string, ResourceType>> = {
  'aws:cloudtrail/trail:Trail': trail,
};
