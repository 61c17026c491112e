import { Refusal } from '../errors.ts';
import type { Endpoint } from './message.ts';
import { publicJson } from './message.ts';
import { duplicatedNames, required } from './parameters.ts';

/** OpenID Connect Discovery 2.1.1. */
const ISSUER_RELATION = 'http://openid.net/specs/connect/1.0/issuer';

/** RFC 7033 4.1: asked for as often as there are relations of interest. */
const REPEATABLE: ReadonlySet<string> = new Set(['rel']);

/** Characters; the answer repeats the resource. */
const LONGEST_RESOURCE = 1024;

/** Seconds for which an answer may be kept. */
const MAX_AGE = 3600;

/**
 * WebFinger (RFC 7033, OpenID Connect Discovery 2): who issues tokens for a
 * resource. It is us for every resource alike, so that nobody learns from it
 * whether there is such a user.
 */
export function webfingerEndpoint({ issuer }: { readonly issuer: string }): Endpoint {
  return async ({ query }) => {
    const [duplicated] = duplicatedNames(query, REPEATABLE);
    if (duplicated !== undefined) throw new Refusal('parameter_duplicated', duplicated);
    const resource = required(query, 'resource');
    if (resource.length > LONGEST_RESOURCE || !/^(?:acct|https?):[^\s]+$/i.test(resource)) {
      throw new Refusal('request_malformed', 'resource is neither acct: nor https:');
    }
    const relations = query.getAll('rel');
    const wanted = relations.length === 0 || relations.includes(ISSUER_RELATION);
    const links = wanted ? [{ rel: ISSUER_RELATION, href: issuer }] : [];
    const { headers, ...answer } = publicJson({ subject: resource, links }, MAX_AGE);
    return { ...answer, headers: { ...headers, 'content-type': 'application/jrd+json' } };
  };
}
