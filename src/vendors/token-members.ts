import { z } from 'zod';

/** The form of a client's access tokens: opaque, or a JWT that resources can read (RFC 9068). */
const ACCESS_TOKEN_FORMATS = ['sealed', 'jwt'] as const;

/** What a client says of its tokens; absent members mean the default. */
export interface TokenMetadata {
  /** Default: `sealed`. */
  readonly access_token_format?: 'sealed' | 'jwt' | undefined;
  /** The resources (RFC 8707) that its JWT access tokens may name; the first is the default. */
  readonly resources?: readonly string[] | undefined;
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
};

type TokenMembers = z.output<z.ZodObject<typeof tokenMembers>>;

/** A client entry as far as the rules below look at it. */
interface TokenEntry extends TokenMembers {
  readonly grant_types: readonly string[];
  readonly token_endpoint_auth_method: string;
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
  const { access_token_format: format, resources } = entry;
  return {
    ...(format === undefined ? {} : { access_token_format: format }),
    ...(resources === undefined ? {} : { resources }),
  };
}

interface MemberProblem {
  readonly member: string;
  readonly wrong: string;
  readonly right: string;
}

/** What a client asks for and cannot be given: said at registration, not at the first login. */
export function tokenProblems(entry: TokenEntry): readonly MemberProblem[] {
  const problems: MemberProblem[] = [];
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
