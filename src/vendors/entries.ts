import { z } from 'zod';

import { CLIENT_MAC_ALGORITHMS, CLIENT_SIGNING_ALGORITHMS, clientJwks } from './client-keys.ts';
import { eventsEntry } from './event-members.ts';
import { GRANT_TYPES, grantProblems, lacksCodeFlow } from './grant-rules.ts';
import { internalApis } from './internal-apis.ts';
import { logoutMembers } from './logout-members.ts';
import { migrationEntry, migrationProblems } from './migration-members.ts';
import { redirectUriProblem } from './redirect-uri.ts';
import { relayEmailDomain, relayEmailProblems, releasePolicy } from './release-policy.ts';
import { resourceServerEntry, resourceServerProblems } from './resource-server.ts';
import { RESPONSE_TYPES, responseTypeOf } from './response-types.ts';
import { tokenMembers, tokenProblems } from './token-members.ts';

const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const PRINTABLE = /^[\x20-\x7e]+$/;
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*$/;
const DEFAULT_SCOPE = 'openid profile email address phone offline_access';

/** A string refused for a reason says what would be right beside what is wrong. */
function refuse(context: z.RefinementCtx, wrong: string, right: string, path: string[] = []): void {
  context.addIssue({ code: 'custom', message: wrong, params: { right }, path });
}

function text(maximum: number, pattern: RegExp, right: string) {
  return z.string().superRefine((value, context) => {
    if (value === '') refuse(context, 'is empty', right);
    else if (Buffer.byteLength(value) > maximum) {
      refuse(context, 'is too long', `use at most ${maximum} bytes`);
    } else if (!pattern.test(value)) {
      refuse(context, 'holds characters that cannot stand here', right);
    }
  });
}

function unique<T extends z.ZodType<string>>(item: T) {
  return z.array(item).superRefine((values, context) => {
    const twice = values.find((value, position) => values.indexOf(value) !== position);
    if (twice !== undefined) refuse(context, `names "${twice}" twice`, 'name it once');
  });
}

const httpsUrl = z.string().superRefine((value, context) => {
  const url = URL.parse(value);
  if (url?.protocol !== 'https:' || url.username !== '' || value.includes('#')) {
    refuse(context, 'is not an https URL', 'write it as https://host/path, without a fragment');
  }
});

/** Where a vendor publishes something; plain http only within one machine. */
const publishedUrl = z.string().superRefine((value, context) => {
  const url = URL.parse(value);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
  if (!isSafe || url.username !== '' || value.includes('#')) {
    refuse(context, 'is not an https URL', 'write it as https://host/path, without a fragment');
  }
});

const secret = text(1000, PRINTABLE, 'use printable ASCII characters (RFC 6749 appendix A)');
const environmentName = text(200, /^[A-Za-z_][A-Za-z0-9_]*$/, 'name an environment variable');
const fileName = z.string().min(1);

/** A secret in the entry itself, or in the environment, or in a file. */
const secretMembers = {
  client_secret: secret.optional(),
  client_secret_env: environmentName.optional(),
  client_secret_file: fileName.optional(),
};

const upstreamEntry = z.strictObject({
  client_id: text(255, PRINTABLE, 'use printable ASCII characters'),
  ...secretMembers,
  token_endpoint_auth_method: z
    .enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'])
    .optional(),
  shared: z.boolean().default(false),
});

const scopes = text(1000, SCOPE, 'separate scopes by one space each');

const scope = scopes.superRefine((value, context) => {
  if (!value.split(' ').includes('openid')) {
    refuse(context, 'lacks the scope openid', 'begin it with openid');
  }
});

const grantTypes = unique(z.enum(GRANT_TYPES));

const redirectUris = unique(z.string()).superRefine((values, context) => {
  if (values.length === 0) refuse(context, 'is empty', 'name at least one redirect URI');
});

/** In whichever order the words of a type stand (OAuth 2.0 Multiple Response Types 1). */
const responseTypes = z
  .array(
    z.preprocess((value) => {
      return typeof value === 'string' ? (responseTypeOf(value) ?? value) : value;
    }, z.enum(RESPONSE_TYPES)),
  )
  .min(1);

/** One client of a vendor, as an operator writes it (design section 7). */
export const clientEntry = z
  .strictObject({
    client_id: text(255, PRINTABLE, 'use printable ASCII characters (RFC 6749 appendix A)'),
    ...secretMembers,
    client_name: z.string().max(200).optional(),
    upstream: upstreamEntry.optional(),
    application_type: z.enum(['web', 'native']).default('web'),
    redirect_uris: redirectUris,
    post_logout_redirect_uris: unique(z.string()).default([]),
    ...logoutMembers,
    backchannel_token_delivery_mode: z.literal('poll').optional(),
    events: eventsEntry.optional(),
    response_types: responseTypes.default(['code']),
    grant_types: grantTypes.default(['authorization_code', 'refresh_token']),
    scope: scope.default(DEFAULT_SCOPE),
    token_endpoint_auth_method: z
      .enum([
        'client_secret_basic',
        'client_secret_post',
        'client_secret_jwt',
        'private_key_jwt',
        'none',
      ])
      .default('client_secret_basic'),
    token_endpoint_auth_signing_alg: z
      .enum([...CLIENT_SIGNING_ALGORITHMS, ...CLIENT_MAC_ALGORITHMS])
      .optional(),
    jwks: clientJwks.optional(),
    jwks_uri: publishedUrl.optional(),
    request_object_signing_alg: z.enum(CLIENT_SIGNING_ALGORITHMS).optional(),
    require_signed_request_object: z.boolean().optional(),
    require_pushed_authorization_requests: z.boolean().optional(),
    id_token_signed_response_alg: z.enum(['RS256', 'ES256', 'PS256', 'EdDSA']).default('RS256'),
    authorization_signed_response_alg: z.enum(['RS256', 'ES256', 'PS256', 'EdDSA']).optional(),
    introspection_signed_response_alg: z.enum(['RS256', 'ES256', 'PS256', 'EdDSA']).optional(),
    require_auth_time: z.boolean().default(false),
    ...tokenMembers,
    resource_server: resourceServerEntry.optional(),
    internal_apis: internalApis.optional(),
    login_hint: z.enum(['forward', 'drop']).default('drop'),
    dpop_bound_access_tokens: z.boolean().optional(),
    require_dpop_nonce: z.boolean().optional(),
    subject_type: z.enum(['public', 'pairwise']).default('pairwise'),
    sector_identifier_uri: httpsUrl.optional(),
    sector: z.string().optional(),
    phase: z.enum(['public', 'shadow', 'pairwise']).optional(),
    accept_bypass: z.boolean().default(false),
    release_claims: releasePolicy.default([]),
    relay_email_domain: relayEmailDomain.optional(),
    front_channel: z.enum(['relay', 'callback']).optional(),
    migration: migrationEntry.optional(),
    continuity_days: z.int().min(0).max(3650).default(30),
  })
  .superRefine((entry, context) => {
    if (entry.subject_type === 'public' && entry.phase !== undefined && entry.phase !== 'public') {
      const wrong = `is ${entry.phase} for a client of subject_type public`;
      refuse(context, wrong, 'use phase: public, or subject_type: pairwise', ['phase']);
    }
    for (const { member, wrong, right } of [
      ...grantProblems(entry),
      ...tokenProblems(entry),
      ...resourceServerProblems(entry),
      ...relayEmailProblems(entry),
      ...migrationProblems(entry),
    ]) {
      refuse(context, wrong, right, [member]);
    }
    const unbound = entry.response_types.find((type) => type.split(' ').includes('token'));
    if (entry.dpop_bound_access_tokens === true && unbound !== undefined) {
      const wrong = `names "${unbound}", whose access token no key can be bound to`;
      refuse(context, wrong, 'leave it out, or dpop_bound_access_tokens', ['response_types']);
    }
  });

/** A client that is nothing but an API: nobody logs in there, so it has no redirect URIs. */
const resourceServerOnlyEntry = clientEntry.safeExtend({ redirect_uris: unique(z.string()) });

/** A client without the code flow: no browser comes back to it, so it has no redirect URIs either. */
const codelessEntry = resourceServerOnlyEntry.safeExtend({
  response_types: z.array(z.enum(RESPONSE_TYPES)).default([]),
  scope: scopes.default(DEFAULT_SCOPE),
});

/** Reads a client entry by the schema that fits what it says it is. */
export function parseClientEntry(value: unknown): z.ZodSafeParseResult<ClientEntry> {
  const members: Readonly<Record<string, unknown>> =
    typeof value === 'object' && value !== null ? { ...value } : {};
  const { redirect_uris: uris = [], resource_server: resourceServer } = members;
  const { grant_types: grants } = members;
  if (Array.isArray(grants) && lacksCodeFlow(grants)) {
    return codelessEntry.safeParse({ ...members, redirect_uris: uris });
  }
  const isApi = resourceServer !== undefined && Array.isArray(uris) && uris.length === 0;
  if (!isApi) return clientEntry.safeParse(value);
  return resourceServerOnlyEntry.safeParse({ ...members, redirect_uris: [] });
}

/** One vendor without its clients. */
export const vendorEntry = z.strictObject({
  id: text(64, NAME, 'use letters, digits, ".", "_" and "-", as in "acme"'),
  name: z.string().min(1).max(200).optional(),
  contacts: z.array(z.string().min(1).max(255)).default([]),
  policy_uri: httpsUrl.optional(),
  one_sector: z.boolean().default(false),
  allowed_subject_types: unique(z.enum(['public', 'pairwise']))
    .min(1)
    .default(['pairwise']),
  notice: z.boolean().default(false),
  disconnect: z.enum(['new_subject', 'same_subject', 'forbidden']).default('new_subject'),
});

export type ClientEntry = z.output<typeof clientEntry>;
export type VendorEntry = z.output<typeof vendorEntry>;

/** The names that a client entry, its upstream block and a vendor entry may hold. */
export const CLIENT_MEMBERS = Object.keys(clientEntry.shape);
export const UPSTREAM_MEMBERS = Object.keys(upstreamEntry.shape);
export const VENDOR_MEMBERS = [...Object.keys(vendorEntry.shape), 'clients'];

const URI_MEMBERS = ['redirect_uris', 'post_logout_redirect_uris'] as const;

/** What is wrong with the redirect URIs of a client entry, each with its path. */
export function redirectUriProblems(entry: {
  readonly redirect_uris?: unknown;
  readonly post_logout_redirect_uris?: unknown;
  readonly application_type?: unknown;
}) {
  const applicationType = entry.application_type === 'native' ? 'native' : 'web';
  return URI_MEMBERS.flatMap((member) => {
    const uris: unknown = entry[member];
    if (!Array.isArray(uris)) return [];
    return uris.flatMap((uri: unknown, position) => {
      if (typeof uri !== 'string') return [];
      const problem = redirectUriProblem(uri, applicationType);
      return problem === undefined ? [] : [{ path: [member, position], ...problem }];
    });
  });
}
