import { z } from 'zod';

/** How a client is told of events: pushed to an address of its own (RFC 8935), or polled for (RFC 8936). */
export type EventDelivery =
  { readonly delivery: 'push'; readonly endpoint_url: string } | { readonly delivery: 'poll' };

const HEADER = /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/;

/** The members that hold the header which a receiver wants to see, or say where it is. */
const HEADER_MEMBERS = [
  ...['authorization_header', 'authorization_header_env', 'authorization_header_file'],
] as const;

/** Where events are pushed to; plain http only within one machine. */
const endpointUrl = z
  .string()
  .max(1024)
  .superRefine((value, context) => {
    const url = URL.parse(value);
    const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(url?.hostname ?? '');
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback);
    if (isSafe && `${url.username}${url.password}` === '' && !value.includes('#')) return;
    const right = 'write it as https://host/path, without a name, a password or a fragment';
    context.addIssue({ code: 'custom', message: 'is not an https URL', params: { right } });
  });

const header = z.string().superRefine((value, context) => {
  if (value.length <= 1000 && HEADER.test(value)) return;
  const right = 'write the whole value, as Bearer …, in at most 1000 printable ASCII characters';
  context.addIssue({ code: 'custom', message: 'cannot be a header', params: { right } });
});

/** The member `events` of a client entry. */
export const eventsEntry = z
  .strictObject({
    delivery: z.enum(['push', 'poll']),
    endpoint_url: endpointUrl.optional(),
    authorization_header: header.optional(),
    authorization_header_env: z.string().min(1).max(200).optional(),
    authorization_header_file: z.string().min(1).optional(),
  })
  .superRefine((value, context) => {
    const refuse = (path: string, wrong: string, right: string): void => {
      context.addIssue({ code: 'custom', message: wrong, params: { right }, path: [path] });
    };
    if (value.delivery === 'push') {
      if (value.endpoint_url !== undefined) return;
      refuse('endpoint_url', 'is missing', 'name the address that takes events, or use poll');
      return;
    }
    for (const name of ['endpoint_url', ...HEADER_MEMBERS] as const) {
      if (value[name] === undefined) continue;
      refuse(name, 'is not used: the vendor asks for events', 'leave it out, or use push');
    }
  });

/** What is stored of it, but for the header. */
export function eventDeliveryOf(
  entry: z.output<typeof eventsEntry> | undefined,
): EventDelivery | undefined {
  if (entry === undefined) return undefined;
  const { delivery, endpoint_url: address } = entry;
  return delivery === 'push' && address !== undefined
    ? { delivery, endpoint_url: address }
    : { delivery: 'poll' };
}
