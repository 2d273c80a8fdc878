// What looks at the recordings, as CloudFormation calls it.
import { ACCOUNT, asRecord } from '../graph.ts';
import { type Mapping, type Properties, pascal } from './types.ts';

export const ANALYSIS: Readonly<Record<string, Mapping>> = {
  'aws:glue/catalogDatabase:CatalogDatabase': {
    to: 'AWS::Glue::Database',
    properties: (inputs) => ({ CatalogId: ACCOUNT, DatabaseInput: pascal(inputs) }),
  },
  'aws:glue/catalogTable:CatalogTable': { to: 'AWS::Glue::Table', properties: table },
  'aws:athena/workgroup:Workgroup': { to: 'AWS::Athena::WorkGroup', properties: workgroup },
  'aws:athena/namedQuery:NamedQuery': {
    to: 'AWS::Athena::NamedQuery',
    properties: ({ workgroup: WorkGroup, query: QueryString, ...inputs }) => ({
      ...pascal(inputs),
      WorkGroup,
      QueryString,
    }),
  },
  'aws:cloudwatch/dashboard:Dashboard': { to: 'AWS::CloudWatch::Dashboard', properties: pascal },
};

function table({ databaseName, storageDescriptor, parameters, ...inputs }: Properties): Properties {
  const { serDeInfo, ...stored } = asRecord(storageDescriptor);
  return {
    CatalogId: ACCOUNT,
    DatabaseName: databaseName,
    TableInput: {
      ...pascal(inputs),
      // Names of Athena's own, in which every letter counts.
      Parameters: parameters,
      StorageDescriptor: { ...pascal(stored), SerdeInfo: pascal(asRecord(serDeInfo)) },
    },
  };
}

function workgroup({ configuration, forceDestroy, ...inputs }: Properties): Properties {
  const { enforceWorkgroupConfiguration, publishCloudwatchMetricsEnabled, ...rest } =
    asRecord(configuration);
  return {
    ...pascal(inputs),
    RecursiveDeleteOption: forceDestroy,
    WorkGroupConfiguration: {
      ...pascal(rest),
      EnforceWorkGroupConfiguration: enforceWorkgroupConfiguration,
      PublishCloudWatchMetricsEnabled: publishCloudwatchMetricsEnabled,
    },
  };
}
