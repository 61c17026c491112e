import { finished } from 'node:stream/promises';

import { Busboy } from '@fastify/busboy';
import express from 'express';
import type { Request, Response } from 'express';

import { AdminProblem, type ProblemCode } from '../admin/problems.ts';
import { MOST_FILE_BYTES } from '../admin/routes/subject-files.ts';
import type { UploadedFile } from './page.ts';
import { formOf } from './request.ts';

/** What a form with a file has sent. */
export interface Upload {
  readonly form: URLSearchParams;
  /** Undefined: none, or an empty one. */
  readonly file: UploadedFile | undefined;
}

/** Bytes for what stands beside the file. */
const FIELD_BYTES = 65_536;

/** One byte more than is taken, so that what is too long shows. */
const LIMITS = { files: 1, fileSize: MOST_FILE_BYTES + 1, fields: 50, fieldSize: FIELD_BYTES };

const MULTIPART = 'multipart/form-data';

const body = express.raw({
  ...{ type: MULTIPART, limit: MOST_FILE_BYTES + FIELD_BYTES, inflate: false },
});

/**
 * Reads a form with a file (RFC 7578), the whole of it in memory: it is small. To be called for
 * somebody who is logged in only.
 *
 * @throws AdminProblem where the file is too long, or where it cannot be read
 */
export async function readUpload(request: Request, response: Response): Promise<Upload> {
  await new Promise<void>((resolve, reject) => {
    body(request, response, (error: unknown) => {
      if (error === undefined) resolve();
      else if (isTooLarge(error)) reject(tooLong());
      else reject(error instanceof Error ? error : new Error('the form was not read'));
    });
  });
  if (!Buffer.isBuffer(request.body)) return { form: formOf(request), file: undefined };
  return partsOf(request.body, request.get('content-type') ?? '');
}

async function partsOf(content: Buffer, type: string): Promise<Upload> {
  const form = new URLSearchParams();
  let file: UploadedFile | undefined;
  try {
    const parser = new Busboy({ headers: { 'content-type': type }, limits: LIMITS });
    parser.on('field', (name, value) => form.append(name, value));
    parser.on('file', (_name, stream, name) => {
      const chunks: Uint8Array[] = [];
      stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      stream.on('end', () => {
        const bytes = Buffer.concat(chunks);
        if (bytes.length > 0) file ??= { name, bytes };
      });
    });
    parser.end(content);
    await finished(parser, { readable: false });
  } catch {
    const hint = 'Send the form from its page again.';
    throw problem('request_malformed', 'The form with the file cannot be read.', hint);
  }
  if (file !== undefined && file.bytes.length > MOST_FILE_BYTES) throw tooLong();
  return { form, file };
}

function tooLong(): AdminProblem {
  const detail = `The file is longer than ${MOST_FILE_BYTES / 1_048_576} MiB, which is what this page takes. Nothing was read of it.`;
  const hint =
    'Files of any length are for the command line: "pairwise-proxy subject import FILE --client CLIENT", and "pairwise-proxy subject link FILE".';
  return problem('body_too_large', detail, hint);
}

function problem(code: ProblemCode, detail: string, hint: string): AdminProblem {
  return new AdminProblem(code, detail, { hint });
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'type') === 'entity.too.large';
}
