import { Refusal } from '../errors.ts';
import type { Client } from '../vendors/client.ts';

const LONGEST = 1024;
const MOST = 8;

/**
 * The resources that a request names (RFC 8707 2). A client whose access tokens
 * are JWTs names only registered ones: their readers rely on the audience.
 *
 * @throws Refusal `resource_invalid`
 */
export function resourcesOf(parameters: URLSearchParams, client: Client): readonly string[] {
  const resources = [...new Set(parameters.getAll('resource').filter((value) => value !== ''))];
  if (resources.length > MOST) throw new Refusal('resource_invalid', `more than ${MOST}`);
  const { access_token_format: format, resources: registered = [] } = client.metadata;
  for (const resource of resources) {
    if (!URL.canParse(resource) || resource.includes('#') || resource.length > LONGEST) {
      throw new Refusal('resource_invalid', 'not an absolute URI without a fragment');
    }
    if (format === 'jwt' && !registered.includes(resource)) {
      throw new Refusal('resource_invalid', 'not one of the client’s resources');
    }
  }
  return resources;
}

/**
 * The resources of one access token (RFC 8707 2.2): those of the token request,
 * which were granted all, or else those of the grant.
 *
 * @throws Refusal `resource_invalid`
 */
export function narrowedResources(
  parameters: URLSearchParams,
  client: Client,
  granted: readonly string[],
): readonly string[] {
  const wanted = resourcesOf(parameters, client);
  if (wanted.length === 0) return granted;
  if (granted.length > 0 && wanted.some((resource) => !granted.includes(resource))) {
    throw new Refusal('resource_invalid', 'more than was granted');
  }
  return wanted;
}
