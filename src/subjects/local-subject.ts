import { failure, success } from '../result.ts';
import type { Result } from '../result.ts';

/** OpenID Connect Core 2 allows 255 ASCII characters; other text counts by its UTF-8 bytes. */
const MAXIMUM_SUBJECT_BYTES = 255;

/**
 * The upstream's `sub` as it may be used: 1 to 255 bytes of UTF-8, otherwise
 * untouched, since OpenID Connect Core 2 makes it case-sensitive.
 *
 * @returns `subject_missing`, `subject_too_long`, or `id_token_malformed` for text with half a
 *   surrogate pair: encoded, two such subjects would become one
 */
export function checkLocalSubject(localSubject: string): Result<string> {
  if (localSubject.length === 0) return failure('subject_missing', 'the upstream sub is empty');
  if (!localSubject.isWellFormed()) {
    return failure('id_token_malformed', 'the upstream sub is not well-formed Unicode');
  }
  const length = Buffer.byteLength(localSubject);
  if (length > MAXIMUM_SUBJECT_BYTES) {
    return failure(
      'subject_too_long',
      `the upstream sub has ${length} bytes, at most ${MAXIMUM_SUBJECT_BYTES} are possible`,
    );
  }
  return success(localSubject);
}
