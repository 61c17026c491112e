import { z } from 'zod';

import type { ClientKey } from './client-keys.ts';
import type { ContentEncryption, KeyManagement } from './encryption-keys.ts';
import { CONTENT_ENCRYPTION, encryptionKey, KEY_MANAGEMENT } from './encryption-keys.ts';

/** The form of a client's access tokens: opaque, or a JWT that resources can read (RFC 9068). */
const ACCESS_TOKEN_FORMATS = ['sealed', 'jwt'] as const;

/** What a client says of its tokens; absent members mean the default. */
export interface TokenMetadata {
  /** Default: `sealed`. */
  readonly access_token_format?: 'sealed' | 'jwt' | undefined;
  /** The resources (RFC 8707) that its JWT access tokens may name; the first is the default. */
  readonly resources?: readonly string[] | undefined;
  /** Not encrypted without it; `enc` then is A128CBC-HS256 unless given. */
  readonly id_token_encrypted_response_alg?: KeyManagement | undefined;
  readonly id_token_encrypted_response_enc?: ContentEncryption | undefined;
  /** Plain JSON without it. */
  readonly userinfo_signed_response_alg?: 'RS256' | 'ES256' | 'PS256' | 'EdDSA' | undefined;
  readonly userinfo_encrypted_response_alg?: KeyManagement | undefined;
  readonly userinfo_encrypted_response_enc?: ContentEncryption | undefined;
  /** JARM 3: of authorization responses in a JWT response mode. */
  readonly authorization_encrypted_response_alg?: KeyManagement | undefined;
  readonly authorization_encrypted_response_enc?: ContentEncryption | undefined;
  /** RFC 9701 6: of introspection answers that are asked for as JWTs. */
  readonly introspection_encrypted_response_alg?: KeyManagement | undefined;
  readonly introspection_encrypted_response_enc?: ContentEncryption | undefined;
}

const resource = z.string().superRefine((value, context) => {
  if (URL.canParse(value) && !value.includes('#') && value.length <= 1024) return;
  const right = 'write an absolute URI without a fragment (RFC 8707 2), as https://api.example.com';
  context.addIssue({ code: 'custom', message: 'is not a resource', params: { right } });
});

/** The members of a client entry that are about tokens. */
export const tokenMembers = {
  access_token_format: z.enum(ACCESS_TOKEN_FORMATS).optional(),
  resources: z.array(resource).max(20).optional(),
  id_token_encrypted_response_alg: z.enum(KEY_MANAGEMENT).optional(),
  id_token_encrypted_response_enc: z.enum(CONTENT_ENCRYPTION).optional(),
  userinfo_signed_response_alg: z.enum(['RS256', 'ES256', 'PS256', 'EdDSA']).optional(),
  userinfo_encrypted_response_alg: z.enum(KEY_MANAGEMENT).optional(),
  userinfo_encrypted_response_enc: z.enum(CONTENT_ENCRYPTION).optional(),
  authorization_encrypted_response_alg: z.enum(KEY_MANAGEMENT).optional(),
  authorization_encrypted_response_enc: z.enum(CONTENT_ENCRYPTION).optional(),
  introspection_encrypted_response_alg: z.enum(KEY_MANAGEMENT).optional(),
  introspection_encrypted_response_enc: z.enum(CONTENT_ENCRYPTION).optional(),
};

type TokenMembers = z.output<z.ZodObject<typeof tokenMembers>>;

/** A client entry as far as the rules below look at it. */
interface TokenEntry extends TokenMembers {
  readonly grant_types: readonly string[];
  readonly token_endpoint_auth_method: string;
  readonly jwks?: { readonly keys: readonly ClientKey[] } | undefined;
  readonly jwks_uri?: string | undefined;
  readonly upstream?:
    | {
        readonly client_secret?: string | undefined;
        readonly client_secret_env?: string | undefined;
        readonly client_secret_file?: string | undefined;
        readonly token_endpoint_auth_method?: string | undefined;
      }
    | undefined;
}

/** What is stored of the members; those left out stay out. */
export function tokenMetadata(entry: TokenMembers): TokenMetadata {
  const given = Object.keys(tokenMembers).flatMap((name) => {
    const value = entry[name as keyof TokenMembers];
    return value === undefined ? [] : [[name, value]];
  });
  return Object.fromEntries(given) as TokenMetadata;
}

interface MemberProblem {
  readonly member: string;
  readonly wrong: string;
  readonly right: string;
}

const ENCRYPTED = ['id_token', 'userinfo', 'authorization', 'introspection'] as const;

/** Encryption needs a key of the client's; what `jwks_uri` publishes is seen only at use. */
function encryptionProblems(entry: TokenEntry): readonly MemberProblem[] {
  return ENCRYPTED.flatMap((what): MemberProblem[] => {
    const member = `${what}_encrypted_response_alg` as const;
    const alg = entry[member];
    if (alg === undefined) {
      if (entry[`${what}_encrypted_response_enc`] === undefined) return [];
      const wrong = `is missing beside ${what}_encrypted_response_enc`;
      return [{ member, wrong, right: `use ${KEY_MANAGEMENT.join(', ')}` }];
    }
    if (entry.jwks_uri !== undefined) return [];
    if (encryptionKey(entry.jwks?.keys ?? [], alg) !== undefined) return [];
    const wrong = `is ${alg}, and the client has no key that fits`;
    const kty = alg === 'RSA-OAEP-256' ? 'an RSA key' : 'a key on P-256, P-384, P-521 or X25519';
    return [{ member, wrong, right: `register ${kty} in jwks, or jwks_uri` }];
  });
}

/** What a client asks for and cannot be given: said at registration, not at the first login. */
export function tokenProblems(entry: TokenEntry): readonly MemberProblem[] {
  const problems = [...encryptionProblems(entry)];
  if (entry.access_token_format === 'jwt' && (entry.resources ?? []).length === 0) {
    const wrong = 'is missing, and a JWT access token must name who may read it (RFC 9068 3)';
    problems.push({ member: 'resources', wrong, right: 'name at least one resource' });
  }
  if (entry.access_token_format !== 'jwt' && entry.resources !== undefined) {
    const wrong = 'are not used: a sealed access token names no resource';
    problems.push({ member: 'resources', wrong, right: 'add access_token_format: jwt' });
  }
  const isPublic = entry.token_endpoint_auth_method === 'none';
  if (isPublic && entry.grant_types.includes('client_credentials')) {
    const wrong = 'holds client_credentials for a public client (RFC 6749 4.4)';
    const right = 'leave it out, or use token_endpoint_auth_method: client_secret_basic';
    problems.push({ member: 'grant_types', wrong, right });
  }
  const { upstream } = entry;
  if (upstream !== undefined && entry.grant_types.includes('client_credentials')) {
    const { client_secret: own, client_secret_env: env, client_secret_file: file } = upstream;
    const hasKey = upstream.token_endpoint_auth_method === 'private_key_jwt';
    if (!hasKey && (own ?? env ?? file) === undefined) {
      const wrong = 'holds client_credentials, and "upstream" has no credential';
      const right = 'give "upstream" a client_secret, or leave client_credentials out';
      problems.push({ member: 'grant_types', wrong, right });
    }
  }
  return problems;
}
