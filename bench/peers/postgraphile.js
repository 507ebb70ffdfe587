// PostGraphile makes its schema of the tables, so it is asked for the same rows in a document of its own, and reads
// them in a transaction that sets the identity, as it documents for row security.
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import pg from 'pg';
import { serveByNode } from './serving.js';

const pool = new pg.Pool({ max: Number(process.env.POOL_SIZE) });
const service = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [makePgService({ pool, schemas: ['public'] })],
  grafserv: { graphiql: false, watch: false },
  grafast: {
    explain: false,
    context: ({ node }) => ({ pgSettings: { 'app.user_id': node.req.me } }),
  },
}).createServ(grafserv);

const handle = service.createHandler();
await service.ready();
serveByNode(handle);
