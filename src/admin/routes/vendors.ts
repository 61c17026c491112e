import { z } from 'zod';

import { applyDocument } from '../../operations/apply-registrations.ts';
import { editVendor } from '../../operations/edit-vendor.ts';
import {
  editView,
  planView,
  vendorRemovalView,
  vendorView,
} from '../../operations/registry-view.ts';
import { planVendorRemoval } from '../../operations/removal-plan.ts';
import { removeVendor } from '../../operations/remove-vendor.ts';
import { orUnavailable } from '../../database/connection.ts';
import type { Vendor } from '../../vendors/client.ts';
import { readClients } from '../../vendors/client-store.ts';
import { createVendor } from '../../vendors/edit.ts';
import { vendorEntry } from '../../vendors/entries.ts';
import { UnknownError } from '../../vendors/problem.ts';
import { readRegistrations } from '../../vendors/registration.ts';
import { vendorState } from '../../vendors/vendor-state.ts';
import { readVendors } from '../../vendors/vendor-store.ts';
import type { AdminContext } from '../context.ts';
import { applyRequest, NO_SOURCES, withoutNamedSecrets } from '../entries.ts';
import { pageAfter } from '../page.ts';
import { confirmMember, pageOf, pageQuery, reasonMember, route } from '../route.ts';
import { edit, plan } from '../schemas.ts';

const vendor = z.object({
  id: z.string(),
  name: z.string(),
  contacts: z.array(z.string()),
  policy_uri: z.string().nullable(),
  one_sector: z.boolean(),
  allowed_subject_types: z.array(z.enum(['public', 'pairwise'])),
  notice: z.boolean(),
  disconnect: z.enum(['new_subject', 'same_subject', 'forbidden']),
  clients: z.array(z.string()).describe('Their client_id.'),
});

const removal = z.object({
  id: z.string(),
  clients: z.array(z.string()).describe('They have to be removed first.'),
  held_sectors: z
    .array(z.object({ sector: z.string(), users: z.int(), linked: z.boolean() }))
    .describe('With pseudonyms of users, or linked: the vendor has to stay.'),
  initial_tokens: z.int().describe('They end.'),
  prepared_clients: z.int().describe('Clients of the provider that nothing is known of then.'),
});

const patch = vendorEntry.partial().extend(reasonMember);

/** Vendors, and documents of them. */
export const VENDOR_ROUTES = [
  route({
    ...{ id: 'listVendors', method: 'get', path: '/vendors', tag: 'vendors', scope: 'read' },
    summary: 'List all vendors',
    query: z.strictObject(pageQuery),
    answer: { status: 200, description: 'A page of vendors, by id.', schema: pageOf(vendor) },
    handle: async ({ db, atRest }, { query }) => {
      const vendors = await orUnavailable(() => readVendors(db));
      const { items, next } = pageAfter(vendors, ({ id }) => id, query);
      const named = await clientsByVendor({ db, atRest });
      return { value: { items: items.map((each) => shown(each, named)), next } };
    },
  }),
  route({
    ...{ id: 'createVendor', method: 'post', path: '/vendors', tag: 'vendors', scope: 'operate' },
    summary: 'Add a vendor',
    repeats: 'keyed',
    body: z.looseObject(reasonMember),
    bodyDocument: vendorEntry.extend(reasonMember),
    answer: { status: 201, description: 'It was added.', schema: edit },
    problems: ['conflict', 'entry_invalid'],
    handle: async (context, { body, by }) => {
      const { reason: _, ...members } = body;
      const how = { ...by, at: context.clock(), sectorChange: 'refused' } as const;
      const made = await createVendor(context, { members, sources: NO_SOURCES }, how);
      const id = made.changes[0]?.id ?? '';
      return { value: editView(made), location: `/vendors/${encodeURIComponent(id)}` };
    },
  }),
  route({
    ...{ id: 'showVendor', method: 'get', path: '/vendors/{vendor}', tag: 'vendors' },
    ...{ scope: 'read', summary: 'Show a vendor' },
    answer: { status: 200, description: 'The vendor.', schema: vendor, hasState: true },
    handle: async (context, { path }) => {
      const found = await vendorNamed(context, path.vendor);
      return { value: shown(found, await clientsByVendor(context)), state: vendorState(found) };
    },
  }),
  route({
    ...{ id: 'changeVendor', method: 'patch', path: '/vendors/{vendor}', tag: 'vendors' },
    ...{ scope: 'operate', summary: 'Change some members of a vendor', needsState: true },
    description: 'RFC 7396: `null` takes a member away.',
    body: z.looseObject(reasonMember),
    bodyDocument: patch,
    answer: { status: 200, description: 'What was changed.', schema: edit, hasState: true },
    problems: ['entry_invalid'],
    handle: async (context, { path, body, by, state }) => {
      const { reason: _, ...members } = body;
      const change = { vendorId: path.vendor, members, state };
      const value = editView(await editVendor(context, change, by));
      return { value, state: vendorState(await vendorNamed(context, path.vendor)) };
    },
  }),
  route({
    ...{ id: 'showVendorRemoval', method: 'get', path: '/vendors/{vendor}/removal' },
    ...{ tag: 'vendors', scope: 'read', summary: 'Say what removing a vendor would do' },
    answer: { status: 200, description: 'Nothing was done.', schema: removal },
    handle: async (context, { path }) => ({
      value: vendorRemovalView(await planVendorRemoval(context, path.vendor)),
    }),
  }),
  route({
    ...{ id: 'deleteVendor', method: 'delete', path: '/vendors/{vendor}', tag: 'vendors' },
    ...{ scope: 'operate', summary: 'Remove a vendor that has no clients', needsState: true },
    needsConfirmation: 'This removes the vendor with its tokens and prepared clients.',
    answer: { status: 204, description: 'It is gone.' },
    problems: ['conflict'],
    handle: async (context, { path, by, state }) => {
      await removeVendor(context, { vendorId: path.vendor, state }, by);
      return {};
    },
  }),
  route({
    ...{ id: 'apply', method: 'post', path: '/apply', tag: 'vendors', scope: 'operate' },
    summary: 'Create and update vendors and clients from a document',
    description:
      'The document of `apply -f`, as JSON: all of it or nothing. What it does not name stays. ' +
      'Secrets stand in it; the names of variables and files are refused.',
    ...{ isLong: true, repeats: 'keyed' },
    body: z.strictObject({
      ...{ ...reasonMember, ...confirmMember },
      dry_run: z.boolean().default(false).describe('Say what would change, and change nothing.'),
      document: z.looseObject({}),
    }),
    bodyDocument: applyRequest,
    answer: { status: 200, description: 'What was, or would be, done.', schema: plan },
    problems: ['confirmation_required', 'conflict', 'entry_invalid', 'upstream_failed'],
    handle: async (context, { body, by }) => {
      const registrations = readRegistrations(withoutNamedSecrets(body.document), NO_SOURCES);
      const request = {
        registrations,
        purpose: body.dry_run ? 'plan' : 'apply',
        sectorChange: body.confirm === true ? 'allowed' : 'refused',
      } as const;
      return {
        value: { dry_run: body.dry_run, ...planView(await applyDocument(context, request, by)) },
      };
    },
  }),
];

async function vendorNamed({ db }: Pick<AdminContext, 'db'>, id: string): Promise<Vendor> {
  const [found] = await orUnavailable(() => readVendors(db, [id]));
  if (found === undefined) throw new UnknownError(`There is no vendor "${id}".`);
  return found;
}

async function clientsByVendor({ db, atRest }: Pick<AdminContext, 'db' | 'atRest'>) {
  const stored = await orUnavailable(() => readClients(db, atRest));
  return Map.groupBy(
    stored.map(({ client }) => client),
    ({ vendorId }) => vendorId,
  );
}

function shown(one: Vendor, named: Awaited<ReturnType<typeof clientsByVendor>>) {
  const clients = (named.get(one.id) ?? []).map(({ clientId }) => clientId);
  return { ...vendorView(one), clients };
}
