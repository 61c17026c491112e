import { z } from 'zod';

/** A client that is an API too: it asks introspection about tokens that are meant for it. */
export interface ResourceServer {
  /** The resources (RFC 8707) that it answers for, compared to the letter. */
  readonly audience: readonly string[];
  /** Other vendors whose clients' tokens it may ask about. */
  readonly vendors: readonly string[];
}

const audience = z.string().superRefine((value, context) => {
  if (URL.canParse(value) && !value.includes('#') && value.length <= 1024) return;
  const right = 'write an absolute URI without a fragment (RFC 8707 2), as https://api.example.com';
  context.addIssue({ code: 'custom', message: 'is not a resource', params: { right } });
});

/** The member `resource_server` of a client entry. */
export const resourceServerEntry = z.strictObject({
  audience: z.array(audience).min(1).max(50),
  vendors: z.array(z.string().min(1).max(64)).max(1000).default([]),
});

/** The names that the member may hold. */
export const RESOURCE_SERVER_MEMBERS = Object.keys(resourceServerEntry.shape);

const CODE_GRANTS: readonly string[] = ['authorization_code', 'refresh_token'];

/**
 * Whether a client is nothing but a resource server: nobody logs in there, and it
 * never speaks to the upstream, so its credential is always checked here.
 */
export function isResourceServerOnly(client: {
  readonly metadata: {
    readonly redirect_uris: readonly string[];
    readonly grant_types: readonly string[];
    readonly resource_server?: ResourceServer | undefined;
  };
}): boolean {
  const { redirect_uris: redirectUris, resource_server: resourceServer } = client.metadata;
  // Whoever names other grants gets tokens from the upstream; the code flow needs a redirect URI.
  const getsTokens = client.metadata.grant_types.some((type) => !CODE_GRANTS.includes(type));
  return resourceServer !== undefined && redirectUris.length === 0 && !getsTokens;
}

/** What makes an API's registration useless: said at registration, not when it first asks. */
export function resourceServerProblems(entry: {
  readonly resource_server?: ResourceServer | undefined;
  readonly redirect_uris: readonly string[];
  readonly grant_types: readonly string[];
  readonly upstream?: object | undefined;
  readonly token_endpoint_auth_method: string;
}): readonly { readonly member: string; readonly wrong: string; readonly right: string }[] {
  if (entry.resource_server === undefined) return [];
  if (entry.token_endpoint_auth_method === 'none') {
    const wrong = 'is none for a resource server, which must authenticate (RFC 7662 2.1)';
    const right =
      'use client_secret_basic, client_secret_post, client_secret_jwt or private_key_jwt';
    return [{ member: 'token_endpoint_auth_method', wrong, right }];
  }
  if (!isResourceServerOnly({ metadata: entry }) && entry.upstream === undefined) {
    const wrong = 'stands at a client whose credential the upstream judges';
    const right = 'give the client "upstream", or register the API apart, without redirect_uris';
    return [{ member: 'resource_server', wrong, right }];
  }
  return [];
}
