// PouchDB's two sides, each a process of its own. `serve FOLDER`: express-pouchdb on a free loopback port, which it prints.
// `replicate FOLDER DOCUMENTS URL COUNT`: documents (one JSON a line) into a source on leveldb, replicated to the URL;
// prints the seconds of the replication alone.

const fs = require("fs");
const path = require("path");
const PouchDB = require("pouchdb");

const BATCH = 1000;

function serve(folder) {
  const app = require("express")();
  const databases = PouchDB.defaults({ prefix: folder + path.sep });
  app.use("/", require("express-pouchdb")(databases, { mode: "minimumForPouchDB", inMemoryConfig: true }));
  const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port));
}

async function replicateOnce(source, url, count) {
  const started = process.hrtime.bigint();
  const result = await PouchDB.replicate(source, url, { batch_size: BATCH });
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  if (!result.ok || result.docs_written !== count) throw new Error(JSON.stringify(result));
  return seconds;
}

async function replicate(folder, documents, url, count) {
  const source = new PouchDB(path.join(folder, "source"));
  await source.bulkDocs(fs.readFileSync(documents, "utf8").trim().split("\n").map(JSON.parse));
  await replicateOnce(source, `${url}/first`, count); // programs that have run for a while are measured
  console.log(await replicateOnce(source, `${url}/second`, count));
}

const [what, folder, documents, url, count] = process.argv.slice(2);
if (what === "serve") serve(folder);
else replicate(folder, documents, url, Number(count));
