// FyersLogin: the pages behind the login function's URL.
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

export function handler(_event: APIGatewayProxyEventV2): APIGatewayProxyStructuredResultV2 {
  return { statusCode: 404 };
}
