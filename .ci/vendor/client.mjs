// Calls a sandbox with the vendor's client for JavaScript, and fails at the first answer that is not right.
// Usage: node client.mjs URL, for a sandbox with the default tokens and the further location `second-location`.
import { createRequire } from 'node:module';
import path from 'node:path';

// The client is installed in the folder in which the program is started.
const { HighLevel } = createRequire(path.join(process.cwd(), 'package.json'))('@gohighlevel/api-client');

const LOCATION = 'sandbox-location';
const COMPANY = 'sandbox-company';
const app = { client_id: 'sandbox-client', client_secret: 'sandbox-secret' };
const config = { clientId: app.client_id, clientSecret: app.client_secret };

function check(what, right) {
  if (!right) {
    console.error(`vendor's client for JavaScript: ${what}: wrong`);
    process.exit(1);
  }
  console.log(`  ${what}`);
}

async function contacts(client) {
  const dnd = { WhatsApp: { status: 'active' } };
  const made = await client.contacts.createContact({ locationId: LOCATION, email: 'bob@example.com', dndSettings: dnd });
  const contactId = made.contact.id;
  check('create a contact', made.contact.dndSettings.WhatsApp.status === 'active');
  const { customFields } = await client.locations.getCustomFields({ locationId: LOCATION, model: 'contact' });
  const plan = customFields.find((field) => field.name === 'Plan').id;
  const { customField } = await client.locations.getCustomField({ locationId: LOCATION, id: plan });
  check('custom fields', customField.fieldKey === 'contact.plan');
  const upserted = await client.contacts.upsertContact({
    locationId: LOCATION, email: 'bob@example.com', firstName: 'Bob', customFields: [{ id: plan, field_value: 'Pro' }],
  });
  check('upsert a contact', !upserted.new && upserted.contact.customFields[0].value === 'Pro');
  const updated = await client.contacts.updateContact({ contactId }, { city: 'Oslo', phone: '+12025550102' });
  check('update a contact', updated.succeded && updated.contact.city === 'Oslo');
  check('read a contact', (await client.contacts.getContact({ contactId })).contact.firstName === 'Bob');
  const duplicate = await client.contacts.getDuplicateContact({ locationId: LOCATION, number: '+12025550102' });
  check('find a duplicate', duplicate.contact.id === contactId);
  const found = await client.contacts.searchContactsAdvanced({ locationId: LOCATION, pageLimit: 10, query: 'bob' });
  check('search contacts', found.contacts.length === 1 && found.contacts[0].id === contactId);
  check('list contacts', (await client.contacts.getContacts({ locationId: LOCATION, limit: 5 })).contacts.length === 1);
  const added = await client.contacts.addTags({ contactId }, { tags: ['a', 'b'] });
  const left = await client.contacts.removeTags({ contactId }, { tags: ['a'] });
  check('tags', added.tags.join() === 'a,b' && left.tags.join() === 'b');
  const bulk = await client.contacts.createAssociation(
    { type: 'add' }, { contacts: [contactId], tags: ['c'], locationId: LOCATION },
  );
  check('bulk tags', bulk.succeded && bulk.errorCount === 0);
  check('delete a contact', (await client.contacts.deleteContact({ contactId })).succeded === true);
}

async function settings(client) {
  const { location } = await client.locations.getLocation({ locationId: LOCATION });
  check('location', location.id === LOCATION && location.companyId === COMPANY);
  check('users of the location', (await client.users.getUserByLocation({ locationId: LOCATION })).users.length === 3);
  const users = await client.users.searchUsers({ companyId: COMPANY, locationId: LOCATION, limit: '2' });
  check('search users', users.users.length === 2 && users.count === 3);
  const user = await client.users.getUser({ userId: users.users[0].id });
  check('read a user', user.email === users.users[0].email);
}

async function oauth(client) {
  const pair = await client.oauth.getAccessToken({
    ...app, grant_type: 'authorization_code', code: 'sandbox-code', user_type: 'Location',
  });
  check('connect an app', pair.locationId === LOCATION && pair.userType === 'Location');
  // A session that is about to end is renewed by the client itself.
  await client.getSessionStorage().setSession(LOCATION, { ...pair, expires_in: 1 });
  const { customFields } = await client.locations.getCustomFields({ locationId: LOCATION });
  const session = await client.getSessionStorage().getSession(LOCATION);
  check('renew and use tokens', customFields.length > 0 && session.access_token !== pair.access_token);
}

async function agency(client) {
  const pair = await client.oauth.refreshToken(
    'sandbox-agency-refresh-token', app.client_id, app.client_secret, 'refresh_token', 'Company',
  );
  client.updateConfig({ agencyAccessToken: pair.access_token });
  const granted = await client.oauth.getLocationAccessToken({ companyId: COMPANY, locationId: 'second-location' });
  check('token of a location', granted.locationId === 'second-location');
  const installed = await client.oauth.getInstalledLocation({ companyId: COMPANY, appId: 'app', limit: '1' });
  check('installed locations', installed.locations.length === 1 && installed.count === 2);
  const located = await client.locations.searchLocations({ companyId: COMPANY });
  check('search locations', located.locations.length === 2);
  const found = await client.users.filterUsersByEmail({ companyId: COMPANY, emails: 'ben.okafor@example.com' });
  check('filter users by e-mail', found.users.length === 1 && found.users[0].firstName === 'Ben');
}

HighLevel.BASE_URL = process.argv[2];
// The client sends its own default version, or the one that it is told.
for (const apiVersion of [undefined, '2021-07-28']) {
  const client = new HighLevel({ privateIntegrationToken: 'sandbox-token', apiVersion });
  await contacts(client);
  await settings(client);
}
await oauth(new HighLevel(config));
await agency(new HighLevel(config));
process.exit(0);
