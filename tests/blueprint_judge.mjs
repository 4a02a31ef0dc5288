// Judges a render.yaml by another project's model of the format: the npm package render-blueprint, whose enumerations
// and rules were transcribed from Render's live JSON Schema. The file is read by a YAML parser, described again with
// that package's factories, validated and written by it, and the two files must hold the same values.
//
//     node blueprint_judge.mjs FOLDER_WITH_NODE_MODULES render.yaml
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { isDeepStrictEqual } from 'node:util';
import { pathToFileURL } from 'node:url';

const [folder, file] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/node_modules/${name}`));
const judge = await load('render-blueprint/dist/index.js');
const yaml = createRequire(`${folder}/package.json`)('yaml');

const text = readFileSync(file, 'utf8');
const document = yaml.parseDocument(text, { version: '1.2', uniqueKeys: true });
if (document.errors.length > 0) fail(document.errors.map(String));
const written = document.toJS();

const services = written.services ?? [];
const databases = written.databases ?? [];
const factories = { web: judge.web, pserv: judge.privateService, worker: judge.worker, cron: judge.cron };
const properties = { cron: ['schedule'] };

const handle = (type, name) =>
  type === 'keyvalue' ? judge.keyValue(name, { ipAllowList: [] }) : factories[type](name, { runtime: 'python' });

function value(entry) {
  if (entry.sync === false) return judge.secret();
  if (entry.generateValue === true) return judge.generated();
  if (entry.fromDatabase) return judge.postgres(entry.fromDatabase.name)[entry.fromDatabase.property];
  if (entry.fromService) {
    const { type, name, property, envVarKey } = entry.fromService;
    return property ? handle(type, name)[property] : handle(type, name).envVar(envVarKey);
  }
  return entry.value;
}

function service({ type, name, numInstances, envVars, ...fields }) {
  if (type === 'keyvalue') return judge.keyValue(name, fields);
  if (!factories[type]) fail([`unknown type ${type}`]);
  const env = Object.fromEntries(envVars.filter((entry) => entry.key).map((entry) => [entry.key, value(entry)]));
  const envGroups = envVars.filter((entry) => entry.fromGroup).map((entry) => judge.envGroup(entry.fromGroup, { env: { A: 'b' } }));
  groups.push(...envGroups);
  const config = { ...fields, env, envGroups };
  if (numInstances !== undefined) config.instances = numInstances;
  return factories[type](name, config);
}

const groups = [];
const resources = [
  ...databases.map(({ name, ...fields }) => judge.postgres(name, fields)),
  ...services.map(service),
];
const outcome = judge.synthesize(judge.blueprint({ previews: written.previews, resources: [...resources, ...groups] }));
if (outcome.status !== 'ok') fail((outcome.error.issues ?? [outcome.error]).map((issue) => JSON.stringify(issue)));

const sorted = (list) => [...(list ?? [])].sort((a, b) => (a.key ?? a.name ?? a.fromGroup).localeCompare(b.key ?? b.name ?? b.fromGroup));
const normal = (root) => ({
  previews: root.previews,
  services: sorted(root.services).map((one) => (one.type === 'keyvalue' ? one : { ...one, envVars: sorted(one.envVars) })),
  databases: sorted(root.databases),
});
const [ours, theirs] = [normal(written), normal(yaml.parse(outcome.value.yaml))];
if (!isDeepStrictEqual(ours, theirs)) {
  fail(['the two files differ', `palier: ${JSON.stringify(ours, null, 1)}`, `render-blueprint: ${JSON.stringify(theirs, null, 1)}`]);
}
if (outcome.value.warnings.length > 0) fail(outcome.value.warnings.map((warning) => JSON.stringify(warning)));
console.log(`${resources.length} resources agree`);

function fail(lines) {
  console.error(lines.join('\n'));
  process.exit(1);
}
